"""What identity does: one class for each matter, one method for each action; time is an argument."""
