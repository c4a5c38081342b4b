"""Writes a new service from a template: ``make new-service NAME=loyalty``."""
