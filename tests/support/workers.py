"""How the tests are shared between workers (``make test``); each worker starts parts of its own."""

from xdist.scheduler import LoadScopeScheduling

OF_THE_PLATFORM = ("tests/browser/", "tests/e2e/")
"""What runs against one whole stack, which takes long to start."""


class FilesTogether(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Gives a worker the tests of one file after the other, and to one of them all that need the whole platform."""

    def _split_scope(self, nodeid: str) -> str:
        # Not --dist=loadgroup: xdist 3.8 marks the ids of tests in a way that pytest 9.2 does not take up.
        return "the platform" if nodeid.startswith(OF_THE_PLATFORM) else nodeid.partition("::")[0]
