"""Drives a running stack as its users would, through the edge only, and prints which promise each step shows."""
