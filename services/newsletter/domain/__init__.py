"""What lists, subscriptions and campaigns are, by feature."""
