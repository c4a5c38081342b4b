"""The probes of the promises that sync owns."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from services.sync.domain.backups import MAX_BACKUP_AGE, BackupState
from services.sync.domain.frames import FRAME_OVERHEAD, FRAME_SIZE
from services.sync.domain.inspections import InspectionScope
from services.sync.domain.statistics import CLIENT_FAMILIES, MIN_GROUP_SIZE, SIZE_CLASSES
from services.sync.errors import CorruptContentError
from services.sync.ports import Blobs
from services.sync.store import AccountCipher, BackupKeys, Backups, Content, Contents, Inspections, Samples, Statistics
from shared.clock import Clock
from shared.promises import Finding, Probe, broken_finding, kept_finding

EXPIRY_GRACE = timedelta(hours=1)
"""How late the deletion of a backup, or the end of an inspection, may be."""
_DAY_PATTERN = re.compile(r"\d{4}-\d\d-\d\d")
MAX_INSPECTIONS = 1_000
"""The newest inspections and accesses that a probe checks."""
SAMPLE_SIZE = 20
"""Random nodes and random contents that a probe checks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncProbes:
    """Checks what is stored."""

    statistics: Statistics
    inspections: Inspections
    backups: Backups
    backup_keys: BackupKeys
    samples: Samples
    contents: Contents
    blobs: Blobs
    clock: Clock

    def build_probes(self) -> tuple[Probe, ...]:
        """Return the probes by promise."""
        return (
            Probe("C11", self.figures_are_anonymous),
            Probe("C12", self.accesses_are_allowed),
            Probe("C19", self.backups_end),
            Probe("C20", self.files_are_sealed),
        )

    async def figures_are_anonymous(self) -> Finding:
        """C11: every figure is of at least ten accounts, and of a known client family or size."""
        clients = await self.statistics.list_client_days(since="", before="~")
        storage = await self.statistics.list_storage_days(since="", before="~")
        sizes = {name for name, _ in SIZE_CLASSES}
        faults = {
            "are of fewer accounts than allowed": [
                *(one.day for one in clients if one.accounts < MIN_GROUP_SIZE),
                *(one.day for one in storage if min(one.accounts, *one.sizes.values()) < MIN_GROUP_SIZE),
            ],
            "are of an unknown client family or size": [
                *(one.day for one in clients if one.family not in CLIENT_FAMILIES),
                *(one.day for one in storage if not one.sizes.keys() <= sizes),
            ],
            "are not of a complete day": [
                day
                for day in (*(one.day for one in clients), *(one.day for one in storage))
                if not _DAY_PATTERN.fullmatch(day)
            ],
        }
        for what, days in faults.items():
            if days:
                return broken_finding(len(clients) + len(storage), f"{len(days)} figures {what}")
        return kept_finding(
            len(clients) + len(storage),
            f"{len(clients) + len(storage)} figures, each of {MIN_GROUP_SIZE} accounts or more",
        )

    async def accesses_are_allowed(self) -> Finding:
        """C12: two people opened every inspection, for an hour; every access was to names or state files."""
        now = self.clock()
        register = await self.inspections.get_register(limit=MAX_INSPECTIONS)
        opened, accesses = register.inspections, register.accesses
        known = {one.id: one for one in opened}
        recorded = Counter(one.inspection for one in accesses)
        faults = {
            "inspections were not approved by a second person": [one.id for one in opened if not one.has_two_people()],
            "inspections are open for too long": [one.id for one in opened if one.exceeds_max_duration()],
            "inspections have expired and were not ended": [
                one.id for one in opened if one.is_overdue(now - EXPIRY_GRACE)
            ],
            "accesses were to other data": [one.id for one in accesses if one.scope not in set(InspectionScope)],
            "accesses belong to no open inspection": [
                one.id for one in accesses if one.inspection not in known or not known[one.inspection].allows(one)
            ],
            "inspections have accesses that were not recorded": [
                one.id for one in opened if one.access_count > recorded[one.id]
            ],
        }
        for what, ids in faults.items():
            if ids:
                return broken_finding(len(opened) + len(accesses), f"{len(ids)} {what}: {', '.join(ids[:3])}")
        return kept_finding(
            len(opened) + len(accesses), f"{len(opened)} inspections and {len(accesses)} accesses, all allowed"
        )

    async def backups_end(self) -> Finding:
        """C19: every backup expires within six months and can be read back; a deleted one has no key."""
        now = self.clock()
        backups = [
            backup
            for state in (BackupState.REQUESTED, BackupState.AVAILABLE)
            for backup in await self.backups.list_by_state(state)
        ]
        known = {backup.id for backup in backups}
        faults = {
            "expire later than six months after they were created": [
                one.id for one in backups if one.exceeds_max_age()
            ],
            "are past their end date": [one.id for one in backups if one.is_overdue(now - EXPIRY_GRACE)],
            "are older than six months": [one.id for one in backups if now - one.requested_at > MAX_BACKUP_AGE],
            "could not be read back": [one.id for one in backups if one.drill_failed],
            "have a key but are not in the register": sorted(await self.backup_keys.list_backup_ids() - known),
        }
        for what, ids in faults.items():
            if ids:
                return broken_finding(len(backups), f"{len(ids)} backups {what}: {', '.join(ids[:3])}")
        oldest = max((now - backup.requested_at for backup in backups), default=timedelta())
        return kept_finding(
            len(backups), f"{len(backups)} backups; the oldest is {oldest.days} days old; the limit is 183"
        )

    async def files_are_sealed(self) -> Finding:
        """C20: random names and contents open with their account's key at their own place only."""
        sampled = await self.samples.sample_nodes(SAMPLE_SIZE)
        for content, cipher in await self.samples.sample_contents(SAMPLE_SIZE):
            if await self._is_sealed(content, cipher):
                sampled[content.id] = True
            elif await self._is_used(content):
                sampled[content.id] = False
        if unsealed := sorted(one for one, is_sealed in sampled.items() if not is_sealed):
            return broken_finding(
                len(sampled), f"{len(unsealed)} names or contents are not sealed: {', '.join(unsealed[:3])}"
            )
        return kept_finding(len(sampled), f"{len(sampled)} random names and contents are sealed")

    async def _is_sealed(self, content: Content, cipher: AccountCipher) -> bool:
        """Tell whether the first frame of *content* opens and has the right length; the plain bytes are dropped."""
        size = min(content.size, FRAME_SIZE)
        try:
            sealed = content.inline if content.inline is not None else await self._first_frame(content.id, size)
            plain = cipher.content_cipher(content.id).open(0, sealed, last=content.size <= FRAME_SIZE)
        except CorruptContentError:
            return False
        return len(plain) == size

    async def _first_frame(self, content: str, size: int) -> bytes:
        async with self.blobs.open(content) as blob:
            return await blob.read(0, size + FRAME_OVERHEAD)

    async def _is_used(self, content: Content) -> bool:
        """Tell whether *content* is still used: one that was just released may be deleted already."""
        now = await self.contents.get(content.account, content.id)
        return now is not None and now.refs > 0
