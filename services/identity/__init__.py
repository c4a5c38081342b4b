"""Identity owns accounts, credentials, sessions, app passwords, partners' clients, contact data and the sagas."""
