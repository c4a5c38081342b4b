"""Statistics: storage, clients and use by day, of ten accounts or more, and nothing that leads to one (C11)."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.sync.domain.statistics import LEAST, SIZES, family_of, storage_of
from services.sync.service.statistics import Counting
from services.sync.store.documents import ClientDayRow, StorageDayRow
from shared.clock import utc_now
from shared.policy import State
from tests.integration.sync.house import DavClient, House
from tests.support import Planter


class Calendar:
    """A clock that a test can set."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def calendar() -> Calendar:
    """Today, until a test says otherwise."""
    return Calendar()


@pytest.fixture
async def counting(house: House, calendar: Calendar) -> AsyncIterator[Counting]:
    """Counts anew."""
    yield Counting(house.sync.probes.statistics, house.sync.trees.spaces, calendar)
    for rows in (ClientDayRow, StorageDayRow):
        await house.chassis.db.collection(rows).delete({})


async def _clients(house: House) -> list[ClientDayRow]:
    return await house.chassis.db.collection(ClientDayRow).list({})


def _use(counting: Counting, *, accounts: range, agent: str = "OmniFocus/4.1 Darwin", times: int = 3) -> None:
    for number in accounts:
        for _ in range(times):
            counting.note(f"acc_{number}", agent, "PUT")
        counting.note(f"acc_{number}", agent, "PROPFIND")


async def test_C11_of_nine_accounts_nothing_is_stored(house: House, counting: Counting, calendar: Calendar) -> None:
    _use(counting, accounts=range(LEAST - 1), times=1000)
    await counting.flush()
    calendar.now += timedelta(days=1)
    await counting.flush()
    _use(counting, accounts=range(LEAST - 1, LEAST))
    await counting.flush()
    assert await _clients(house) == []


async def test_C11_of_ten_their_sum_is_stored(house: House, counting: Counting, calendar: Calendar) -> None:
    _use(counting, accounts=range(LEAST))
    await counting.flush()
    _use(counting, accounts=range(LEAST + 5))
    await counting.flush()
    (row,) = await _clients(house)
    assert (row.family, row.accounts, row.reads, row.writes, row.lists) == ("OmniFocus", 10, 0, 30, 10)
    assert row.day == f"{calendar.now:%Y-%m-%d}"


async def test_C11_what_is_stored_names_nobody(house: House, counting: Counting, planter: Planter) -> None:
    _use(counting, accounts=range(12))
    await counting.flush()
    (raw,) = await planter.raw(house.chassis.db, ClientDayRow.collection)
    assert set(raw) == {"_id", "day", "family", "accounts", "reads", "writes", "lists"}
    assert "acc_" not in str(raw)


async def test_C11_figures_are_told_rounded_and_once_the_day_is_over(house: House, planter: Planter) -> None:
    today, yesterday = f"{utc_now():%Y-%m-%d}", f"{utc_now() - timedelta(days=1):%Y-%m-%d}"
    figures = {"family": "rclone", "accounts": 17, "reads": 123, "writes": 9, "lists": 40}
    for day in (today, yesterday):
        await planter.plant(house.chassis.db, ClientDayRow.collection, {"_id": f"{day}:rclone", "day": day, **figures})
    async with house.http.get(f"{house.url}/v1/sync/statistics") as reply:
        told = await reply.json()
    rounded = {"family": "rclone", "accounts": 10, "reads": 120, "writes": 0, "lists": 40}
    assert told["clients"] == [{"day": yesterday, **rounded}]
    assert told["minimum_group"] == LEAST
    await house.chassis.db.collection(ClientDayRow).delete({})


async def test_requests_of_devices_are_counted(ada: DavClient, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Counting, "note", lambda _, *said: noted.append(said))
    await ada.put("a.txt", b"a", {"User-Agent": "cadaver/0.24"})
    assert noted == [(ada.account, "cadaver/0.24", "PUT")]


async def test_C11_storage_is_measured_once_a_day(house: House, counting: Counting) -> None:
    for _ in range(LEAST):
        await house.device().put("a", b"a" * 100)
    await counting.measure_once()
    await house.device().put("a", b"a" * 100)
    await counting.measure_once()
    (row,) = await house.chassis.db.collection(StorageDayRow).list({})
    assert row.accounts % LEAST == 0
    assert min(row.sizes.values()) >= LEAST


def test_C11_a_size_that_few_have_is_told_with_others_or_not_at_all() -> None:
    small, middle, large = [10] * 12, [10**7] * 3, [10**12]
    assert storage_of("2026-11-25", small[:9]) is None
    told = storage_of("2026-11-25", [*small, *middle, *large])
    assert told is not None
    assert (told.accounts, told.sizes) == (10, {"up to 1 MB": 10})
    both = storage_of("2026-11-25", [*small[:7], *middle, *large])
    assert both is not None
    assert both.sizes == {"up to 100 MB": 10}


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        ("OmniFocus-Mac/151.37.0 Darwin/23", "OmniFocus"),
        ("WebDAVFS/3.0.0 (03008000) Darwin/21.6.0", "macOS Finder"),
        ("Microsoft-WebDAV-MiniRedir/10.0.19045", "Windows Explorer"),
        ("ada's own client", "other"),
        ("", "other"),
    ],
)
def test_only_the_family_of_a_client_is_known(agent: str, family: str) -> None:
    assert family_of(agent) == family


_DAY = {"day": "2026-11-01", "family": "rclone", "accounts": 10, "reads": 1, "writes": 1, "lists": 1}
_STORED = {"accounts": 20, "bytes": 1, "sizes": {SIZES[0][0]: 10}}


@pytest.mark.parametrize(
    ("collection", "good", "breach"),
    [
        ("client_days", {"_id": "a", **_DAY}, {"accounts": 9}),
        ("client_days", {"_id": "a", **_DAY}, {"family": "OmniFocus 4.1.2 of acc_ada"}),
        ("client_days", {"_id": "a", **_DAY}, {"day": "2026-11-01T12:31"}),
        ("storage_days", {"_id": "2026-11-01", **_STORED}, {"accounts": 3}),
        ("storage_days", {"_id": "2026-11-01", **_STORED}, {"sizes": {SIZES[0][0]: 1}}),
        ("storage_days", {"_id": "2026-11-01", **_STORED}, {"sizes": {"acc_ada": 10}}),
    ],
)
async def test_C11_the_probe_sees_a_figure_that_leads_to_somebody(
    house: House, planter: Planter, collection: str, good: dict[str, object], breach: dict[str, object]
) -> None:
    db, probe = house.chassis.db, house.sync.probes.figures_lead_to_nobody
    kind: Any = {"client_days": ClientDayRow, "storage_days": StorageDayRow}[collection]
    await db.collection(kind).delete({})
    await planter.plant(db, collection, good)
    assert (await probe()).state is State.KEPT
    await db.collection(kind).delete({})
    await planter.plant(db, collection, {**good, **breach})
    assert (await probe()).state is State.BROKEN
    await db.collection(kind).delete({})
