"""Create and send campaigns."""
