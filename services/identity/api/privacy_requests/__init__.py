"""Export, erasure and legal holds of accounts: HTTP."""
