"""Export, erasure and legal holds of accounts: values and rules."""
