"""What identity does: services by feature. Time is always an argument, so that tests control it."""
