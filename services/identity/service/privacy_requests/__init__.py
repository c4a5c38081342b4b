"""Export, erasure and legal holds of accounts: what is done."""
