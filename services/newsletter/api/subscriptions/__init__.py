"""Lists, subscribing and unsubscribing."""
