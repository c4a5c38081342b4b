"""OAuth: clients, partners, authorization codes: HTTP."""
