"""Backups: creation, expiry, reading, the restore drill."""
