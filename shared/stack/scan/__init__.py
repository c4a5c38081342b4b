"""Searches everything that a stack stores for known test card numbers, in every form that software leaves (C18)."""
