"""Authentication of devices by app password."""
