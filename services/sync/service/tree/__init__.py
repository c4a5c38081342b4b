"""The tree of an account: unit of work, write queue, reader, writer, preconditions."""
