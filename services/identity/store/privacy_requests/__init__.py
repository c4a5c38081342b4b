"""Exports, erasures and legal holds: what is stored."""
