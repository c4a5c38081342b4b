"""Lists, opt-in requests, subscriptions and suppressions."""
