"""How the tests are shared between workers (``make test``); each worker starts parts of its own."""

from collections import OrderedDict
from typing import Any

from xdist.scheduler import LoadScopeScheduling

from tests.support.durations import file_of, guess_duration, read_durations

WHOLE_STACKS = ("tests/browser/", "tests/e2e/")
"""Folders whose tests share one running platform: each goes to one worker as a whole."""


class FilesTogether(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Gives a worker the tests of one file after the other; the longest come first, so that all end together.

    A worker stays in its folder: the services that the tests of a folder run are then started once, not once a worker.
    """

    workqueue: OrderedDict[str, dict[str, bool]]

    def schedule(self) -> None:
        """Share the files out; the first time, note how long each takes."""
        first_time = self.collection is None
        if first_time and self.registered_collections:
            self._seconds = estimate_scopes(next(iter(self.registered_collections.values())), read_durations())
            self._folder_of_node: dict[Any, str] = {}
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        # Not --dist=loadgroup: xdist 3.8 marks the ids of tests in a way that pytest 9.2 does not take up.
        return scope_of(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        scope = choose_next(list(self.workqueue), self._seconds, self._folder_of_node, node)
        self._folder_of_node[node] = folder_of(scope)
        self.workqueue = OrderedDict({scope: self.workqueue[scope], **self.workqueue})
        super()._assign_work_unit(node)


def scope_of(nodeid: str) -> str:
    """Return what is never split between workers: the file of a test, or its folder where that shares a platform."""
    return next((folder for folder in WHOLE_STACKS if nodeid.startswith(folder)), file_of(nodeid))


def folder_of(scope: str) -> str:
    """Return the folder whose services the tests of *scope* run."""
    return scope.rpartition("/")[0]


def estimate_scopes(nodeids: list[str], durations: dict[str, float]) -> dict[str, float]:
    """Return the seconds of each scope: as *durations* has them for its files, or guessed."""
    guessed: dict[str, float] = {}
    for nodeid in nodeids:
        guessed[file_of(nodeid)] = guessed.get(file_of(nodeid), 0.0) + guess_duration(nodeid)
    seconds: dict[str, float] = {}
    for file, guess in guessed.items():
        scope = scope_of(f"{file}::")
        seconds[scope] = seconds.get(scope, 0.0) + durations.get(file, guess)
    return seconds


def choose_next(waiting: list[str], seconds: dict[str, float], folder_of_node: dict[Any, str], node: Any) -> str:
    """Return the scope that *node* runs next: the longest of its folder, else of the folder with most left to do.

    A folder that another worker is in comes last; then the workers share it.
    """
    left: dict[str, float] = {}
    for scope in waiting:
        left[folder_of(scope)] = left.get(folder_of(scope), 0.0) + seconds[scope]
    taken = {folder for other, folder in folder_of_node.items() if other is not node}
    own = folder_of_node.get(node)
    folder = own if own in left else max(left, key=lambda name: (name not in taken, left[name]))
    return max((scope for scope in waiting if folder_of(scope) == folder), key=seconds.__getitem__)
