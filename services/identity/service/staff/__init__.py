"""Admin actions, abuse reports and freezes: the services."""
