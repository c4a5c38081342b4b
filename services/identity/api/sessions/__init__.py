"""Sessions, tokens and app passwords: HTTP."""
