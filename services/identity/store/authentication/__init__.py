"""Login, passwords, passkeys, one-time codes and second factors: what is stored."""
