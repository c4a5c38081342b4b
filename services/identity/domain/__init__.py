"""Values and rules of identity. Frozen dataclasses and pure functions, standard library only."""
