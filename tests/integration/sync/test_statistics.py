"""Statistics: storage, clients and use by day, of ten accounts or more, and nothing that leads to one (C11)."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.sync.domain.statistics import MIN_GROUP_SIZE, SIZE_CLASSES, client_family, summarize_storage
from services.sync.service.oversight.statistics import UsageStatistics
from services.sync.store.documents import ClientDayDocument, StorageDayDocument
from shared.clock import utc_now
from shared.policy import PromiseState
from tests.integration.sync.harness import DavClient, SyncHarness
from tests.support import RawWriter


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
async def counting(harness: SyncHarness, calendar: Calendar) -> AsyncIterator[UsageStatistics]:
    """Counts again."""
    yield UsageStatistics(harness.sync.probes.statistics, harness.sync.trees.usages, calendar)
    for rows in (ClientDayDocument, StorageDayDocument):
        await harness.chassis.db.get_collection(rows).delete_many({})


async def _clients(harness: SyncHarness) -> list[ClientDayDocument]:
    return await harness.chassis.db.get_collection(ClientDayDocument).list({})


def _use(counting: UsageStatistics, *, accounts: range, agent: str = "OmniFocus/4.1 Darwin", times: int = 3) -> None:
    for number in accounts:
        for _ in range(times):
            counting.record_request(f"acc_{number}", agent, "PUT")
        counting.record_request(f"acc_{number}", agent, "PROPFIND")


async def test_C11_of_nine_accounts_nothing_is_stored(
    harness: SyncHarness, counting: UsageStatistics, calendar: Calendar
) -> None:
    _use(counting, accounts=range(MIN_GROUP_SIZE - 1), times=1000)
    await counting.flush_groups()
    calendar.now += timedelta(days=1)
    await counting.flush_groups()
    _use(counting, accounts=range(MIN_GROUP_SIZE - 1, MIN_GROUP_SIZE))
    await counting.flush_groups()
    assert await _clients(harness) == []


async def test_C11_of_ten_their_sum_is_stored(
    harness: SyncHarness, counting: UsageStatistics, calendar: Calendar
) -> None:
    _use(counting, accounts=range(MIN_GROUP_SIZE))
    await counting.flush_groups()
    _use(counting, accounts=range(MIN_GROUP_SIZE + 5))
    await counting.flush_groups()
    (row,) = await _clients(harness)
    assert (row.family, row.accounts, row.reads, row.writes, row.lists) == ("OmniFocus", 10, 0, 30, 10)
    assert row.day == f"{calendar.now:%Y-%m-%d}"


async def test_C11_what_is_stored_names_nobody(
    harness: SyncHarness, counting: UsageStatistics, planter: RawWriter
) -> None:
    _use(counting, accounts=range(12))
    await counting.flush_groups()
    (raw,) = await planter.read_raw(harness.chassis.db, ClientDayDocument.collection)
    assert set(raw) == {"_id", "day", "family", "accounts", "reads", "writes", "lists"}
    assert "acc_" not in str(raw)


async def test_C11_figures_are_told_rounded_and_once_the_day_is_over(harness: SyncHarness, planter: RawWriter) -> None:
    today, yesterday = f"{utc_now():%Y-%m-%d}", f"{utc_now() - timedelta(days=1):%Y-%m-%d}"
    figures = {"family": "rclone", "accounts": 17, "reads": 123, "writes": 9, "lists": 40}
    for day in (today, yesterday):
        await planter.write_raw(
            harness.chassis.db, ClientDayDocument.collection, {"_id": f"{day}:rclone", "day": day, **figures}
        )
    async with harness.http.get(f"{harness.url}/v1/sync/statistics") as reply:
        told = await reply.json()
    rounded = {"family": "rclone", "accounts": 10, "reads": 120, "writes": 0, "lists": 40}
    assert told["clients"] == [{"day": yesterday, **rounded}]
    assert told["min_group_size"] == MIN_GROUP_SIZE
    await harness.chassis.db.get_collection(ClientDayDocument).delete_many({})


async def test_requests_of_devices_are_counted(
    ada: DavClient, harness: SyncHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[tuple[Any, ...]] = []
    monkeypatch.setattr(UsageStatistics, "record_request", lambda _, *said: noted.append(said))
    await ada.put("a.txt", b"a", {"User-Agent": "cadaver/0.24"})
    assert noted == [(ada.account, "cadaver/0.24", "PUT")]


async def test_C11_storage_is_measured_once_a_day(harness: SyncHarness, counting: UsageStatistics) -> None:
    for _ in range(MIN_GROUP_SIZE):
        await harness.device().put("a", b"a" * 100)
    await counting.measure_storage()
    await harness.device().put("a", b"a" * 100)
    await counting.measure_storage()
    (row,) = await harness.chassis.db.get_collection(StorageDayDocument).list({})
    assert row.accounts % MIN_GROUP_SIZE == 0
    assert min(row.sizes.values()) >= MIN_GROUP_SIZE


def test_C11_a_size_that_few_have_is_told_with_others_or_not_at_all() -> None:
    small, middle, large = [10] * 12, [10**7] * 3, [10**12]
    assert summarize_storage("2026-11-25", small[:9]) is None
    told = summarize_storage("2026-11-25", [*small, *middle, *large])
    assert told is not None
    assert (told.accounts, told.sizes) == (10, {"up to 1 MB": 10})
    both = summarize_storage("2026-11-25", [*small[:7], *middle, *large])
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
    assert client_family(agent) == family


_DAY = {"day": "2026-11-01", "family": "rclone", "accounts": 10, "reads": 1, "writes": 1, "lists": 1}
_STORED = {"accounts": 20, "bytes": 1, "sizes": {SIZE_CLASSES[0][0]: 10}}


@pytest.mark.parametrize(
    ("collection", "good", "breach"),
    [
        ("client_days", {"_id": "a", **_DAY}, {"accounts": 9}),
        ("client_days", {"_id": "a", **_DAY}, {"family": "OmniFocus 4.1.2 of acc_ada"}),
        ("client_days", {"_id": "a", **_DAY}, {"day": "2026-11-01T12:31"}),
        ("storage_days", {"_id": "2026-11-01", **_STORED}, {"accounts": 3}),
        ("storage_days", {"_id": "2026-11-01", **_STORED}, {"sizes": {SIZE_CLASSES[0][0]: 1}}),
        ("storage_days", {"_id": "2026-11-01", **_STORED}, {"sizes": {"acc_ada": 10}}),
    ],
)
async def test_C11_the_probe_sees_a_figure_that_leads_to_somebody(
    harness: SyncHarness, planter: RawWriter, collection: str, good: dict[str, object], breach: dict[str, object]
) -> None:
    db, probe = harness.chassis.db, harness.sync.probes.figures_are_anonymous
    kind: Any = {"client_days": ClientDayDocument, "storage_days": StorageDayDocument}[collection]
    await db.get_collection(kind).delete_many({})
    await planter.write_raw(db, collection, good)
    assert (await probe()).state is PromiseState.KEPT
    await db.get_collection(kind).delete_many({})
    await planter.write_raw(db, collection, {**good, **breach})
    assert (await probe()).state is PromiseState.BROKEN
    await db.get_collection(kind).delete_many({})
