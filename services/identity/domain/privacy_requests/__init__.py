"""Exports, erasures and legal holds: values and rules."""
