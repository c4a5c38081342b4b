"""Sign-up, profile and email changes: the services."""
