"""Staff: admin actions, abuse reports, freezes: HTTP."""
