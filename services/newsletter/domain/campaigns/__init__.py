"""Campaigns and their deliveries."""
