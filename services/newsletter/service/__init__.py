"""What newsletter does, by feature. Time is always an argument, so that tests control it."""
