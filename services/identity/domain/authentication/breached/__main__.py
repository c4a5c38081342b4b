"""Builds the compact list: ``python -m services.identity.domain.authentication.breached CORPUS OUT``."""

import sys
from pathlib import Path

from services.identity.domain.authentication.breached import build_file

if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with Path(sys.argv[1]).open("rb") as corpus:
        print(f"{build_file(corpus, Path(sys.argv[2]))} passwords")
