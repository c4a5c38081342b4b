"""Subscribe and unsubscribe."""
