"""The concepts of sync: tree, preconditions, locks, frames, quota, backups. Standard library only."""
