"""OAuth: clients, partners and authorization codes: what is stored."""
