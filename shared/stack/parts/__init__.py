"""The parts of the local stack: each module has one ``start``, an async context manager that yields the part's URL."""
