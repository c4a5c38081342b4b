"""What sync does with files, folders, locks, uploads, backups and erasures."""
