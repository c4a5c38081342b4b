"""Exports, erasures and legal holds: the services."""
