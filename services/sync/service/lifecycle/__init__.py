"""Garbage collection, erasure and export of accounts."""
