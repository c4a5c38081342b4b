"""OAuth: clients, partners and authorization codes: values and rules."""
