"""Receiving mail, what follows from it, and what staff can look at and undo."""
