"""Sync owns the customers' files: the WebDAV tree, sealed names and contents, locks, quota and backups."""
