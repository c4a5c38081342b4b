"""Restores of a customer's files from a backup."""
