"""Admin actions, abuse reports and freezes: values and rules."""
