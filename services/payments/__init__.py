"""Payments owns card tokens (four digits, expiry, brand, the processor's reference), charges and refunds."""
