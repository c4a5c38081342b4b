"""Programs for customers and outsiders."""
