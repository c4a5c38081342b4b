"""Sign-up, profile and email changes: values and rules."""
