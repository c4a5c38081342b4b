"""The probes of the promises that sync owns."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from services.sync.domain.backups import LONGEST, BackupState
from services.sync.domain.frames import FRAME, OVERHEAD
from services.sync.domain.inspections import Sight
from services.sync.domain.statistics import FAMILIES, LEAST, SIZES
from services.sync.errors import ContentDamagedError
from services.sync.ports import Blobs
from services.sync.store import BackupKeys, BackupRows, Content, Contents, InspectionRows, Samples, Seal, Statistics
from shared.clock import Clock
from shared.promises import Finding, Probe, broken, kept

GRACE = timedelta(hours=1)
"""How late the destruction of a backup may be, within the six months, or the end of an inspection."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
MOST = 1_000
"""Inspections and looks that a probe looks at, the latest."""
SAMPLED = 20
"""Nodes that a probe takes at random; and contents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncProbes:
    """Looks at what is stored."""

    statistics: Statistics
    inspections: InspectionRows
    backups: BackupRows
    keys: BackupKeys
    samples: Samples
    contents: Contents
    blobs: Blobs
    clock: Clock

    def all(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (
            Probe("C11", self.figures_lead_to_nobody),
            Probe("C12", self.looks_are_allowed),
            Probe("C19", self.backups_end),
            Probe("C20", self.files_are_sealed),
        )

    async def figures_lead_to_nobody(self) -> Finding:
        """C11: no figure is of fewer than ten accounts, and each is of a family of clients, or a size, of many."""
        clients = await self.statistics.clients(since="", before="~")
        storage = await self.statistics.storage(since="", before="~")
        sizes = {name for name, _ in SIZES}
        faults = {
            "are of too few accounts": [
                *(one.day for one in clients if one.accounts < LEAST),
                *(one.day for one in storage if min(one.accounts, *one.sizes.values()) < LEAST),
            ],
            "are of something that few have": [
                *(one.day for one in clients if one.family not in FAMILIES),
                *(one.day for one in storage if not one.sizes.keys() <= sizes),
            ],
            "are not of a whole day": [
                day for day in (*(one.day for one in clients), *(one.day for one in storage)) if not _DAY.fullmatch(day)
            ],
        }
        for what, days in faults.items():
            if days:
                return broken(len(clients) + len(storage), f"{len(days)} figures {what}")
        return kept(len(clients) + len(storage), f"{len(clients) + len(storage)} figures, each of {LEAST} or more")

    async def looks_are_allowed(self) -> Finding:
        """C12: two people opened every inspection, for an hour; nobody looked at anything but names and state files."""
        now = self.clock()
        register = await self.inspections.register(limit=MOST)
        opened, looks = register.inspections, register.looks
        known = {one.id: one for one in opened}
        entered = Counter(one.inspection for one in looks)
        faults = {
            "inspections were not approved by a second person": [one.id for one in opened if not one.by_two()],
            "inspections may look for too long": [one.id for one in opened if one.too_long()],
            "inspections are over and not ended": [one.id for one in opened if one.overdue(now - GRACE)],
            "looks were at something else": [one.id for one in looks if one.sight not in set(Sight)],
            "looks belong to no open inspection": [
                one.id for one in looks if one.inspection not in known or not known[one.inspection].allows(one)
            ],
            "inspections looked more often than was entered": [one.id for one in opened if one.looks > entered[one.id]],
        }
        for what, ids in faults.items():
            if ids:
                return broken(len(opened) + len(looks), f"{len(ids)} {what}: {', '.join(ids[:3])}")
        return kept(len(opened) + len(looks), f"{len(opened)} inspections and {len(looks)} looks, each as it may be")

    async def backups_end(self) -> Finding:
        """C19: every backup ends within six months and can be read back; a destroyed one has no key."""
        now = self.clock()
        held = [
            backup for state in (BackupState.WANTED, BackupState.HELD) for backup in await self.backups.in_state(state)
        ]
        known = {backup.id for backup in held}
        faults = {
            "end later than six months after they were taken": [one.id for one in held if one.too_long()],
            "are past their end": [one.id for one in held if one.overdue(now - GRACE)],
            "are older than six months": [one.id for one in held if now - one.asked_at > LONGEST],
            "could not be read back": [one.id for one in held if one.drill_failed],
            "have a key but are not in the register": sorted(await self.keys.held() - known),
        }
        for what, ids in faults.items():
            if ids:
                return broken(len(held), f"{len(ids)} backups {what}: {', '.join(ids[:3])}")
        oldest = max((now - backup.asked_at for backup in held), default=timedelta())
        return kept(len(held), f"{len(held)} backups; the oldest is {oldest.days} days old, none may reach 183")

    async def files_are_sealed(self) -> Finding:
        """C20: random names and contents open with the key of their account, for their place, and in no other way."""
        sampled = await self.samples.nodes(SAMPLED)
        for content, seal in await self.samples.contents(SAMPLED):
            if await self._is_sealed(content, seal):
                sampled[content.id] = True
            elif await self._is_used(content):
                sampled[content.id] = False
        if unsealed := sorted(one for one, is_sealed in sampled.items() if not is_sealed):
            return broken(len(sampled), f"{len(unsealed)} names or contents are not sealed: {', '.join(unsealed[:3])}")
        return kept(len(sampled), f"{len(sampled)} names and contents, taken at random, are sealed")

    async def _is_sealed(self, content: Content, seal: Seal) -> bool:
        """Tell whether the first frame of *content* opens, and is as long as it should be; it is thrown away."""
        size = min(content.size, FRAME)
        try:
            sealed = content.inline if content.inline is not None else await self._first_frame(content.id, size)
            plain = seal.content(content.id).open(0, sealed, last=content.size <= FRAME)
        except ContentDamagedError:
            return False
        return len(plain) == size

    async def _first_frame(self, content: str, size: int) -> bytes:
        async with self.blobs.open(content) as blob:
            return await blob.read(0, size + OVERHEAD)

    async def _is_used(self, content: Content) -> bool:
        """Tell whether somebody still uses *content*: one whose last user has just gone may be destroyed already."""
        now = await self.contents.get(content.account, content.id)
        return now is not None and now.refs > 0
