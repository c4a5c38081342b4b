"""Random documents of the trees with the ciphers that should open them, for the probes."""

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
    """Takes samples; documents of accounts without a key are left out, since they cannot be opened."""

    def __init__(self, db: Database, keys: AccountKeys) -> None:
        self._keys = keys
        self._nodes, self._contents = db.get_collection(NodeDocument), db.get_collection(ContentDocument)

    async def sample_nodes(self, limit: int) -> dict[str, bool]:
        """Check up to *limit* nodes; return by id whether everything that names it is sealed in its place."""
        found: dict[str, bool] = {}
        for raw in await self._nodes.sample_documents(limit):
            cipher = await self._keys.get_cipher(raw["account"])
            if cipher is not None:
                found[raw["_id"]] = _is_sealed(raw, cipher)
        return found

    async def sample_contents(self, limit: int) -> list[tuple[Content, AccountCipher]]:
        """Return up to *limit* contents that are in use."""
        found: list[tuple[Content, AccountCipher]] = []
        for raw in await self._contents.sample_documents(limit):
            row = ContentDocument.from_mongo(raw)
            cipher = await self._keys.get_cipher(row.account)
            if cipher is not None and row.refs > 0:
                found.append((build_content(row), cipher))
        return found


def _is_sealed(raw: Mapping[str, Any], cipher: AccountCipher) -> bool:
    # As stored: the model would turn text into bytes.
    node, parent, properties = raw["_id"], raw["parent"], raw["properties"]
    try:
        name = cipher.open_name(node, raw["name"])
        if properties is not None:
            cipher.open_properties(node, properties)
    except (DecryptionError, TypeError):
        return False
    return bool(raw["name_key"] == (node if parent == DETACHED else cipher.name_key(parent, name)))
