"""The collections of sync and its blobs: what is stored, how it is sealed, how it is found."""
