"""Builds the modules of the service from their parts: app.py calls these functions in order."""
