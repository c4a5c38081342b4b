"""OAuth and JWT clients that are not ours, run against a served identity."""
