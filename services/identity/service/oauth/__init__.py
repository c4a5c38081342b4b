"""OAuth: clients, partners, authorization codes: what is done."""
