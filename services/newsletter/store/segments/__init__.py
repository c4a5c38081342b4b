"""The collection of segments, and their filters as queries."""
