"""What sync does with files and folders, locks, uploads, erasure and backups."""
