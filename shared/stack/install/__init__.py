"""Installs what the platform needs on one machine. It runs before anything is installed: the standard library alone."""
