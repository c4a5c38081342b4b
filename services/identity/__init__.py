"""Identity: accounts, credentials, sessions, app passwords, partner clients, contact data and privacy requests."""
