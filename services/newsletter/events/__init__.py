"""The events that newsletter consumes, by feature."""
