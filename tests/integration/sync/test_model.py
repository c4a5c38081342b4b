"""Any sequence of operations leaves the server with what a simple tree in memory has: checked after each step."""

from dataclasses import dataclass, field
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.sync.harness import DavClient, SyncHarness

NAMES = ("a", "b", "c", "ü ß")
Path = tuple[str, ...]
FOLDER = None
SMALL, LARGE = b"s", b"L" * 70_000

paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(tuple)
contents = st.sampled_from((b"", SMALL, b"other", LARGE))
steps = st.one_of(
    st.tuples(st.just("put"), paths, contents),
    st.tuples(st.just("mkcol"), paths),
    st.tuples(st.just("delete"), paths),
    st.tuples(st.sampled_from(("copy", "move")), paths, paths, st.booleans()),
)


@dataclass
class Model:
    """A tree as a dictionary: the content of each file, None for a folder."""

    tree: dict[Path, bytes | None] = field(default_factory=lambda: {(): FOLDER})

    def is_folder(self, path: Path) -> bool:
        return path in self.tree and self.tree[path] is FOLDER

    def inside(self, path: Path) -> dict[Path, bytes | None]:
        return {at: content for at, content in self.tree.items() if at[: len(path)] == path}

    def put(self, path: Path, content: bytes) -> int:
        if self.is_folder(path):
            return 405
        if not self.is_folder(path[:-1]):
            return 409
        status = 204 if path in self.tree else 201
        self.tree[path] = content
        return status

    def mkcol(self, path: Path) -> int:
        if path in self.tree:
            return 405
        if not self.is_folder(path[:-1]):
            return 409
        self.tree[path] = FOLDER
        return 201

    def delete(self, path: Path) -> int:
        if path not in self.tree:
            return 404
        for gone in self.inside(path):
            del self.tree[gone]
        return 204

    def carry(self, path: Path, to: Path, *, overwrite: bool, keep: bool) -> int:
        if path not in self.tree:
            return 404
        if to[: len(path)] == path or path[: len(to)] == to:
            return 403
        if to in self.tree and not overwrite:
            return 412
        if not self.is_folder(to[:-1]):
            return 409
        status = self.delete(to)
        carried = {to + at[len(path) :]: content for at, content in self.inside(path).items()}
        if not keep:
            self.delete(path)
        self.tree |= carried
        return 204 if status == 204 else 201


async def done(ada: DavClient, model: Model, step: tuple[object, ...]) -> tuple[int, int]:
    """Do one step on both sides; return both statuses."""
    match step:
        case ("put", tuple(path), bytes(content)):
            return (await ada.put("/".join(path), content)).status, model.put(path, content)
        case ("mkcol", tuple(path)):
            return (await ada.mkcol("/".join(path))).status, model.mkcol(path)
        case ("delete", tuple(path)):
            return (await ada.delete("/".join(path))).status, model.delete(path)
        case (str(method), tuple(path), tuple(to), bool(overwrite)):
            carry = ada.copy if method == "copy" else ada.move
            reply = await carry("/".join(path), "/".join(to), {"Overwrite": "T" if overwrite else "F"})
            return reply.status, model.carry(path, to, overwrite=overwrite, keep=method == "copy")
    raise AssertionError(step)


async def _same(ada: DavClient, harness: SyncHarness, model: Model) -> None:
    found: dict[Path, bytes | None] = {(): FOLDER}
    folders: list[Path] = [()]
    while folders:
        folder = folders.pop()
        for name in await ada.names("/".join(folder)):
            path = (*folder, unquote(name.rstrip("/")))
            if name.endswith("/"):
                found[path] = FOLDER
                folders.append(path)
            else:
                found[path] = (await ada.get("/".join(path))).body
    assert found == model.tree
    await harness.collect()
    files = [content for content in model.tree.values() if content is not None]
    assert await harness.usage(ada) == (len(files), sum(map(len, files)))


async def _replayed(harness: SyncHarness, script: list[tuple[object, ...]]) -> None:
    ada, model = harness.device(), Model()
    for step in script:
        got, expected = await done(ada, model, step)
        assert got == expected, step
    await _same(ada, harness, model)


def _scripts(count: int, *, least: int, most: int) -> list[list[tuple[object, ...]]]:
    """Return *count* sequences of *least* to *most* operations, the same in every run."""
    scripts: list[list[tuple[object, ...]]] = []

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(steps, min_size=least, max_size=most))
    def collect(script: list[tuple[object, ...]]) -> None:
        scripts.append(script)

    collect()
    return scripts


async def test_the_server_does_what_a_simple_tree_does(harness: SyncHarness) -> None:
    scripts = _scripts(20, least=8, most=25)
    assert sum(map(len, scripts)) >= 200
    for script in scripts:
        await _replayed(harness, script)


@pytest.mark.timeout(300)
async def test_ten_thousand_operations_leave_what_a_simple_tree_has(harness: SyncHarness) -> None:
    scripts = _scripts(25, least=400, most=450)
    assert sum(map(len, scripts)) >= 10_000
    for script in scripts:
        await _replayed(harness, script)
