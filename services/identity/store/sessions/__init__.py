"""Sessions, tokens and app passwords: what is stored."""
