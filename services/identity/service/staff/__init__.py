"""Staff: admin actions, abuse reports, freezes: what is done."""
