"""Imports of contacts, and exports of subscribers."""
