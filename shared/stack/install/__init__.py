"""Installs what the platform needs on one machine. Runs before anything is installed: standard library only."""
