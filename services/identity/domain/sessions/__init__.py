"""Sessions, tokens and app passwords: values and rules."""
