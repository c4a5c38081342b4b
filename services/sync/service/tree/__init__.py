"""The tree of an account: read view, unit of work, write queue, reader, writer, transfers."""
