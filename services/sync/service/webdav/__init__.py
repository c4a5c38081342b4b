"""WebDAV beyond reading and writing: locks, sync-collection reports, uploads."""
