"""Staff: admin actions, abuse reports, freezes: values and rules."""
