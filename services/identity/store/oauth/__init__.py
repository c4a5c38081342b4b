"""OAuth: clients, partners, authorization codes: what is stored."""
