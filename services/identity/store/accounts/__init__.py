"""Sign-up, profile and email changes: what is stored."""
