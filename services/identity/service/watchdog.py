"""Watches the requests of people until they are done: metrics, a reminder before the deadline, a list for staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.requests import AFTER_A_HOLD, REMIND_BEFORE, ErasureState
from services.identity.store import Erasure, Erasures, Export, Exports
from shared import observe

log = observe.logger(__name__)

_MOST = 200
_open = observe.gauge("saga_open", "Requests of people that are not done yet.", ("saga",))
_oldest = observe.gauge("saga_oldest_seconds", "How long the oldest open request has been waiting.", ("saga",))
_overdue = observe.gauge("saga_overdue", "Requests past their legal deadline.", ("saga",))
_due_soon = observe.gauge("saga_due_soon", "Requests within five days of their legal deadline, or past it.", ("saga",))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """A request that is not done; whose it is, is not said."""

    id: str
    saga: str
    state: str
    created_at: datetime
    deadline: datetime
    waiting_for: list[str]
    reminded_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchdog:
    """Looks at both sagas."""

    exports: Exports
    erasures: Erasures

    async def measure(self, *, at: datetime) -> None:
        """Set the metrics; each replica does."""
        exports, erasures = await self.exports.open_ones(most=_MOST), await self.erasures.open_ones(most=_MOST)
        _measured("export", exports, at)
        _measured("erasure", erasures, at)
        _overdue.labels("export").set(await self.exports.overdue(at))
        _overdue.labels("erasure").set(await self.erasures.overdue(at, grace=AFTER_A_HOLD))

    async def remind(self, *, at: datetime) -> int:
        """Tell the operators, once, of each request that is due within five days; return how many."""
        told = 0
        for export in await self.exports.to_remind_of(at, warned=REMIND_BEFORE):
            if await self.exports.reminded(export, at=at):
                log.error("saga.due_soon", saga="export", id=export.id, waiting_for=await self._parts(export))
                told += 1
        for erasure in await self.erasures.to_remind_of(at, warned=REMIND_BEFORE):
            if await self.erasures.reminded(erasure, at=at):
                log.error("saga.due_soon", saga="erasure", id=erasure.id, waiting_for=await self._receipts(erasure))
                told += 1
        return told

    async def open_requests(self) -> list[OpenRequest]:
        """Return the requests that are not done, for the staff, the one that is due first before the others."""
        found = [self._seen(one, "export", await self._parts(one)) for one in await self.exports.open_ones(most=_MOST)]
        erasures = await self.erasures.open_ones(most=_MOST)
        found += [self._seen(one, "erasure", await self._receipts(one)) for one in erasures]
        return sorted(found, key=lambda one: one.deadline)

    @staticmethod
    def _seen(one: Export | Erasure, saga: str, waiting_for: list[str]) -> OpenRequest:
        return OpenRequest(
            id=one.id,
            saga=saga,
            state=one.state.value,
            created_at=one.created_at,
            deadline=one.deadline,
            waiting_for=waiting_for,
            reminded_at=one.reminded_at,
        )

    async def _parts(self, export: Export) -> list[str]:
        return sorted(part.service for part in await self.exports.parts(export.id) if part.state != "done")

    async def _receipts(self, erasure: Erasure) -> list[str]:
        return sorted(await self.erasures.awaited(erasure.id))


def _measured(saga: str, found: Sequence[Export | Erasure], at: datetime) -> None:
    _open.labels(saga).set(len(found))
    # What a hold keeps is waiting for nobody.
    waiting = [one for one in found if one.state is not ErasureState.HELD]
    oldest = max((at - one.created_at for one in waiting), default=None)
    _oldest.labels(saga).set(oldest.total_seconds() if oldest else 0)
    _due_soon.labels(saga).set(sum(one.deadline - REMIND_BEFORE <= at for one in waiting))
