"""The collections of imports: the uploaded contacts until they are processed, and the invitations."""
