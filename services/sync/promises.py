"""The probes of the promises that sync owns."""

from dataclasses import dataclass
from datetime import timedelta

from services.sync.domain.backups import LONGEST, BackupState
from services.sync.store import BackupKeys, BackupRows
from shared.clock import Clock
from shared.promises import Finding, Probe, broken, kept

GRACE = timedelta(hours=1)
"""How late the destruction of a backup may be, within the six months."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncProbes:
    """Looks at what is stored."""

    backups: BackupRows
    keys: BackupKeys
    clock: Clock

    def all(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C19", self.backups_end),)

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
