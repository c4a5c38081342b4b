"""OAuth: clients, partners, authorization codes: values and rules."""
