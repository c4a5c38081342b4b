"""Tells a client what has changed in a folder since it looked last (RFC 6578), and nothing else.

Changes are told in the order of their revisions, so that a long answer can be cut anywhere and gone on with. What is
inside a folder that moved counts as changed when that moved. A folder that took another one's place is the one case
that a client of the whole tree cannot be told in this order (what the old one held is gone): its token is refused.
"""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from services.sync.domain.following import KEPT, Key, Mark, Tombstone, moved
from services.sync.domain.tree import DETACHED, Node, Path
from services.sync.errors import AccountClosedError, LimitRefusedError, ReportUnknownError, SyncTokenRefusedError
from services.sync.service.acts import Act, admitted, present
from services.sync.service.draft import Draft
from services.sync.service.reading import Listing
from services.sync.service.turns import Turns
from services.sync.store import Tombstones
from shared.clock import Clock

MOST_TOLD: Final = 5_000
"""Changes told in one answer."""
MOST_SCANNED: Final = 20_000
"""Changes looked at for one answer; who follows a small folder of a large tree may have to ask again."""
FORGET_EVERY: Final = 3_600.0
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a client asks: what has changed since *token* (all, when it is empty), inside folders, too, or not."""

    token: str
    deep: bool
    limit: int | None
    locks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One change: *node* is now at *path* inside the folder; None when it left that place."""

    key: Key
    path: Path
    node: Node | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What has changed in the *listing*'s folder; *cut* when there is more, to be asked for with the *token*."""

    listing: Listing
    told: tuple[Told, ...]
    trails: dict[str, Path]
    """The ids of the folders from the root down to each node's own."""
    token: str
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """Answers clients that follow trees."""

    turns: Turns
    tombstones: Tombstones
    clock: Clock

    async def mark(self, account: str) -> int:
        """Return the revision of *account* up to now; from now on it is noted what leaves its place."""
        rev, followed = await self.turns.look(account, _followed)
        return rev if followed else await self.turns.change(account, _follow)

    async def report(self, act: Act, question: Question) -> Answer:
        """Return what *question* asks about the folder at the address."""
        if question.limit is not None and question.limit < 1:
            raise LimitRefusedError
        upto = await self.mark(act.account)
        return await self.turns.look(act.account, lambda draft: _answer(draft, act, question, upto))

    async def run(self) -> None:
        """Forget for ever what nobody needs to be told any more."""
        while True:
            await self.forget(by=self.clock() - KEPT)
            await asyncio.sleep(FORGET_EVERY)

    async def forget(self, *, by: datetime) -> int:
        """Forget what left its place before *by*; return of how many accounts."""
        done = 0
        while found := await self.tombstones.oldest(by=by, limit=_AT_ONCE):
            for account, rev in found.items():
                try:
                    await self.turns.change(account, partial(_forget, upto=rev))
                except AccountClosedError:
                    await self.tombstones.forget(account, upto=rev)
                done += 1
        return done


async def _followed(draft: Draft) -> tuple[int, bool]:
    return draft.space.rev, draft.space.followed_from is not None


async def _follow(draft: Draft) -> int:
    if draft.space.followed_from is None:
        draft.follow()
    return draft.space.rev


async def _forget(draft: Draft, upto: int) -> None:
    draft.next_rev()
    draft.forget_departures(upto)


async def _answer(draft: Draft, act: Act, question: Question, upto: int) -> Answer:
    trail = await admitted(draft, act)
    folder = present(trail)
    if not folder.is_folder:
        raise ReportUnknownError
    draft.require_database()
    look = _Look(draft=draft, folder=folder, mark=_mark(draft, question.token, folder, upto), deep=question.deep)
    told, end = await look.told(upto, min(question.limit or MOST_TOLD, MOST_TOLD))
    listing = Listing(
        node=folder,
        path=act.path,
        members=(),
        ids=trail.ids,
        space=draft.space,
        locks=tuple(await draft.locks()) if question.locks else (),
        device=act.visitor.device,
        at=draft.at,
    )
    trails = {one.node.id: (*trail.ids, *look.folders.trail(one.node)) for one in told if one.node is not None}
    return Answer(
        listing=listing, told=tuple(told), trails=trails, token=end.token, cut=end.rev < upto or bool(end.after)
    )


def _mark(draft: Draft, token: str, folder: Node, upto: int) -> Mark:
    """Return how far the client has seen; SyncTokenRefusedError when it is not known any more what left since."""
    if not token:
        return Mark(folder=folder.id, rev=0, base=upto)
    mark, from_rev = Mark.read(token, folder), draft.space.followed_from
    if from_rev is None or not from_rev <= mark.base <= upto or mark.rev > upto:
        raise SyncTokenRefusedError
    return mark


@dataclass(slots=True, kw_only=True)
class _Folders:
    """Finds where nodes are, inside *top*, reading each folder on the way once."""

    draft: Draft
    top: str
    known: dict[str, Node] = field(default_factory=dict)
    missing: set[str] = field(default_factory=lambda: {"", DETACHED})

    async def learn(self, ids: Iterable[str]) -> None:
        """Read the folders *ids* and all above them."""
        wanted = self._unknown(ids)
        while wanted:
            found = {node.id: node for node in await self.draft.trees.nodes.some(self.draft.seal, wanted)}
            self.known |= found
            self.missing |= wanted - found.keys()
            wanted = self._unknown(node.parent for node in found.values())

    def _unknown(self, ids: Iterable[str]) -> set[str]:
        return {one for one in ids if one != self.top and one not in self.known and one not in self.missing}

    def path(self, folder: str) -> Path | None:
        """Return the path of *folder* inside the top; None when it is not there."""
        names: list[str] = []
        while folder != self.top:
            node = self.known.get(folder)
            if node is None:
                return None
            names.append(node.name)
            folder = node.parent
        return tuple(reversed(names))

    def trail(self, node: Node) -> Path:
        """Return the ids of the folders between the top and *node*."""
        ids: list[str] = []
        while node.parent != self.top:
            ids.append(node.parent)
            node = self.known[node.parent]
        return tuple(reversed(ids))


@dataclass(slots=True, kw_only=True)
class _Look:
    """One look at what has changed in *folder* since *mark*."""

    draft: Draft
    folder: Node
    mark: Mark
    deep: bool
    folders: _Folders = field(init=False)

    def __post_init__(self) -> None:
        self.folders = _Folders(draft=self.draft, top=self.folder.id)

    async def told(self, upto: int, limit: int) -> tuple[list[Told], Mark]:
        """Return up to *limit* changes, in order, and how far the client has seen the folder with them."""
        tombstones = await self._tombstones(upto)
        others = await self._gone(tombstones)
        inside = await self._moved(tombstones, upto) if self.deep else {}
        others += self._located(inside.values())
        changed, horizon = await self._scanned(upto, limit, inside.keys())
        found = sorted(others + changed, key=lambda one: one.key)
        found = [one for one in found if self.mark.key < one.key <= horizon]
        end = found[limit - 1].key if len(found) > limit else horizon
        if end == (upto + 1, ""):
            return found, Mark(folder=self.folder.id, rev=upto, base=upto)
        # What left its place at the last revision itself is read once more: perhaps not all that moved was told.
        base = max(self.mark.base, end[0] - 1)
        return found[:limit], Mark(folder=self.folder.id, rev=end[0], after=end[1], base=base)

    async def _scanned(self, upto: int, limit: int, told: Collection[str]) -> tuple[list[Told], Key]:
        """Return the next changed nodes but those that are *told*, and up to where that is all."""
        at, scanned, changed = self.mark.key, 0, list[Told]()
        while len(changed) <= limit and scanned < MOST_SCANNED:
            nodes = await self._changed(at, upto)
            await self.folders.learn(node.parent for node in nodes)
            changed += self._located((node.rev, node) for node in nodes if node.id not in told)
            if len(nodes) < _AT_ONCE:
                return changed, (upto + 1, "")
            at, scanned = (nodes[-1].rev, nodes[-1].id), scanned + len(nodes)
        return changed, at

    async def _changed(self, after: Key, upto: int) -> list[Node]:
        parent = "" if self.deep else self.folder.id
        return await self.draft.trees.nodes.changed(
            self.draft.seal, after=after, upto=upto, limit=_AT_ONCE, parent=parent
        )

    def _located(self, changed: Iterable[tuple[int, Node]]) -> list[Told]:
        found = []
        for rev, node in changed:
            parent = self.folders.path(node.parent)
            if parent is not None and node.id != self.folder.id:
                found.append(Told(key=(rev, node.id), path=(*parent, node.name), node=node))
        return found

    async def _tombstones(self, upto: int) -> list[Tombstone]:
        limit = MOST_SCANNED + 1
        found = await self.draft.trees.tombstones.since(self.draft.seal, self.mark.base, limit=limit)
        if len(found) == limit:
            raise SyncTokenRefusedError
        return [one for one in found if one.rev <= upto]

    async def _gone(self, tombstones: list[Tombstone]) -> list[Told]:
        """Return the places inside the folder at which nothing is any more."""
        if self.deep:
            await self.folders.learn(one.parent for one in tombstones)
        near = {one: path for one in tombstones if (path := self._near(one)) is not None}
        taken = await self.draft.trees.nodes.at_places(self.draft.seal, {one.name_key: one.parent for one in near})
        gone: dict[str, Told] = {}
        for one, path in near.items():
            now = taken.get(one.name_key)
            if now is None:
                gone[one.name_key] = Told(key=(one.rev, ""), path=(*path, one.name), node=None)
            elif self.deep and one.is_folder and now.is_folder and now.id != one.node:
                raise SyncTokenRefusedError
        return list(gone.values())

    def _near(self, one: Tombstone) -> Path | None:
        if not self.deep:
            return () if one.parent == self.folder.id else None
        return self.folders.path(one.parent)

    async def _moved(self, tombstones: list[Tombstone], upto: int) -> dict[str, tuple[int, Node]]:
        """Return everything inside folders that moved, each with the revision of the latest move that it shared."""
        found: dict[str, tuple[int, Node]] = {}
        moves = moved(tombstones)
        await self.folders.learn(moves)
        for folder, rev in moves.items():
            top = self.folders.known.get(folder)
            if top is None or self.folders.path(folder) is None:
                continue
            for node in await self.draft.beneath(top, most=MOST_SCANNED - len(found)):
                found[node.id] = (max(rev, node.rev, found.get(node.id, (0, node))[0]), node)
            if len(found) > MOST_SCANNED:
                raise SyncTokenRefusedError
        await self.folders.learn({node.parent for _, node in found.values()})
        return {one: (rev, node) for one, (rev, node) in found.items() if rev <= upto}
