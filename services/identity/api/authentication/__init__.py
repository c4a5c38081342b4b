"""Login, passwords, passkeys, one-time codes and second factors: HTTP."""
