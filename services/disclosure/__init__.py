"""Disclosure owns legal cases and their notices, the ledger of who saw what, agreements, and all promise results."""
