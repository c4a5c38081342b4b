"""Sessions, tokens and app passwords: the services."""
