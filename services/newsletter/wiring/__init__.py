"""Builds the modules of newsletter by feature; the composition root is ``app``."""
