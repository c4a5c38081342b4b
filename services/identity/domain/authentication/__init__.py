"""Login, passwords, passkeys, one-time codes and second factors: values and rules."""
