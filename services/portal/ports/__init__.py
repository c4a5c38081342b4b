"""The public API as a port of the portal."""
