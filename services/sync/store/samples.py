"""Random rows of the trees, each with the seal that should open it."""

from collections.abc import Mapping
from typing import Any

from services.sync.domain.tree import DETACHED
from services.sync.store.contents import Content, content_of
from services.sync.store.documents import ContentRow, NodeRow
from services.sync.store.keys import Keys
from services.sync.store.seal import Seal
from shared.crypto import SealBrokenError
from shared.mongo import Database


class Samples:
    """Takes samples; what belongs to an account without a key is left out: nobody can read it any more."""

    def __init__(self, db: Database, keys: Keys) -> None:
        self._keys = keys
        self._nodes, self._contents = db.collection(NodeRow), db.collection(ContentRow)

    async def nodes(self, most: int) -> dict[str, bool]:
        """Return of up to *most* nodes, by id, whether all that names them is sealed and at its place."""
        found: dict[str, bool] = {}
        for raw in await self._nodes.sample(most):
            seal = await self._keys.of(raw["account"])
            if seal is not None:
                found[raw["_id"]] = _is_sealed(raw, seal)
        return found

    async def contents(self, most: int) -> list[tuple[Content, Seal]]:
        """Return up to *most* contents that somebody uses."""
        found: list[tuple[Content, Seal]] = []
        for raw in await self._contents.sample(most):
            row = ContentRow.read(raw)
            seal = await self._keys.of(row.account)
            if seal is not None and row.refs > 0:
                found.append((content_of(row), seal))
        return found


def _is_sealed(raw: Mapping[str, Any], seal: Seal) -> bool:
    # As it is stored, not as the model reads it: that would make bytes of a text.
    node, parent, properties = raw["_id"], raw["parent"], raw["properties"]
    try:
        name = seal.open_name(node, raw["name"])
        if properties is not None:
            seal.open_properties(node, properties)
    except (SealBrokenError, TypeError):
        return False
    return bool(raw["name_key"] == (node if parent == DETACHED else seal.name_key(parent, name)))
