"""Sends test card numbers through every path and error path of a running stack, then searches everything it stores."""
