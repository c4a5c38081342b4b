"""The gateway's public API, as a port of the pages."""
