"""Admin actions, abuse reports and freezes: what is stored."""
