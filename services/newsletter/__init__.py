"""Newsletter owns lists, subscriptions with the evidence of their consent, campaigns, deliveries and suppressions."""
