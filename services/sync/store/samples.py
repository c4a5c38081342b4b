"""Random rows of the trees, each with the seal that should open it."""

from collections.abc import Mapping
from typing import Any

from services.sync.domain.tree import DETACHED
from services.sync.store.account_keys import AccountKeys
from services.sync.store.ciphers import AccountCipher
from services.sync.store.contents import Content, build_content
from services.sync.store.documents import ContentDocument, NodeDocument
from shared.crypto import DecryptionError
from shared.mongo import Database


class Samples:
    """Takes samples; what belongs to an account without a key is left out: nobody can read it any more."""

    def __init__(self, db: Database, keys: AccountKeys) -> None:
        self._keys = keys
        self._nodes, self._contents = db.get_collection(NodeDocument), db.get_collection(ContentDocument)

    async def sample_nodes(self, limit: int) -> dict[str, bool]:
        """Return of up to *most* nodes, by id, whether all that names them is sealed and at its place."""
        found: dict[str, bool] = {}
        for raw in await self._nodes.sample_documents(limit):
            seal = await self._keys.get_cipher(raw["account"])
            if seal is not None:
                found[raw["_id"]] = _is_sealed(raw, seal)
        return found

    async def sample_contents(self, limit: int) -> list[tuple[Content, AccountCipher]]:
        """Return up to *most* contents that somebody uses."""
        found: list[tuple[Content, AccountCipher]] = []
        for raw in await self._contents.sample_documents(limit):
            row = ContentDocument.from_mongo(raw)
            seal = await self._keys.get_cipher(row.account)
            if seal is not None and row.refs > 0:
                found.append((build_content(row), seal))
        return found


def _is_sealed(raw: Mapping[str, Any], cipher: AccountCipher) -> bool:
    # As it is stored, not as the model reads it: that would make bytes of a text.
    node, parent, properties = raw["_id"], raw["parent"], raw["properties"]
    try:
        name = cipher.open_name(node, raw["name"])
        if properties is not None:
            cipher.open_properties(node, properties)
    except (DecryptionError, TypeError):
        return False
    return bool(raw["name_key"] == (node if parent == DETACHED else cipher.name_key(parent, name)))
