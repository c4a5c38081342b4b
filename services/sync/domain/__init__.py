"""What the things of sync are: the tree, conditions, locks, frames, quota, backups. Standard library only."""
