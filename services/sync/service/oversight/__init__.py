"""Inspections by staff and usage statistics."""
