"""A transparency log in the forms of C2SP: tiles, signed checkpoints, proofs (RFC 9162 hashing).

What it is for: anyone can check, from public data alone, that an entry is in the log and that the log only grows.
Pure code; who stores and serves the log passes the storage in.

- ``merkle``: hashes, proofs, and their verification
- ``tiles``: paths and contents of tiles and entry bundles, and the right edge of a growing tree
- ``notes``: signed notes and verifier keys; ``checkpoints``: the tree head, its cosignatures; ``policies``: quorums
- ``proofs``: a proof of inclusion that can be verified offline
- ``writer``: appends; ``verifier``: checks a whole published log
"""
