"""Files of contacts: how they are read, and what becomes of their rows."""
