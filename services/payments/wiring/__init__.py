"""Composition of payments: the stores, and what follows a charge."""
