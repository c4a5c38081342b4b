"""OAuth: clients, partners and authorization codes: the services."""
