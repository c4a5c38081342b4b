"""Disclosure owns legal cases and their notices, the ledger of who saw what, agreements, and the results of all promises."""
