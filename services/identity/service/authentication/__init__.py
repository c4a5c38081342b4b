"""Login, passwords, passkeys, one-time codes and second factors: the services."""
