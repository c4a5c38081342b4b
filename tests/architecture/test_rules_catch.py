"""Each rule is seen to fail: a breach is planted, and the rule finds it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from packaging.requirements import Requirement
from pydantic import BaseModel

from shared.policy import Promise
from tests.architecture import (
    test_contracts,
    test_language,
    test_locks,
    test_names,
    test_personal,
    test_promises,
    test_purity,
    test_rooms,
    test_tree,
)
from tests.architecture.tree import Source

Rule = Callable[[list[Source]], Iterator[str]]

PROMISE = Promise(id="C18", section="s", clause="c.", owners=("payments",), control="shared.nowhere")


def clock(wanted: Iterable[Source]) -> Iterator[str]:
    return test_purity.uses(wanted, test_purity.CLOCKS, allowed=("shared/clock.py",))


def randomness(wanted: Iterable[Source]) -> Iterator[str]:
    return test_purity.uses(wanted, test_purity.RANDOMNESS)


def environment(wanted: Iterable[Source]) -> Iterator[str]:
    return test_purity.uses(wanted, test_purity.ENVIRONMENT)


def mocks(wanted: Iterable[Source]) -> Iterator[str]:
    return test_purity.uses(wanted, test_purity.MOCKS)


def unknown_facts(wanted: Iterable[Source]) -> Iterator[str]:
    return test_contracts.unknown_facts(tuple(wanted))


BREACHES: list[tuple[Rule, str]] = [
    (test_names.one_word_methods, "class Cards:\n    def keep(self) -> None: ..."),
    (test_names.shadowed_imports, "from email.message import EmailMessage\nclass EmailMessage: ..."),
    (test_names.stored_classes, 'class Card(Document):\n    collection = "cards"'),
    (test_names.times_that_are_none, "class Finding:\n    looked_at: int"),
    (test_names.unprefixed_metrics, 'waiting = observe.gauge("outbox_waiting", "Events.")'),
    (test_language.quaint_words, '"""Whoever asks learns nothing."""'),
    (test_language.quaint_words, "count = 0  # begin anew"),
    (clock, "from datetime import datetime, UTC\nat = datetime.now(UTC)"),
    (clock, "import datetime as dt\nat = dt.datetime.now(dt.UTC)"),
    (clock, "def late():\n    import time\n    return time.monotonic()"),
    (clock, "from time import time"),
    (randomness, "import secrets"),
    (randomness, "from uuid import uuid4"),
    (randomness, "import os\nkey = os.urandom(32)"),
    (environment, "import os\nurl = os.environ['MONGO_URL']"),
    (environment, "from os import getenv"),
    (mocks, "from unittest.mock import patch"),
    (mocks, "import unittest.mock as um"),
    (test_purity.broad_excepts, "try:\n    go()\nexcept Exception:\n    pass"),
    (test_purity.broad_excepts, "try:\n    go()\nexcept:\n    pass"),
    (
        test_purity.broad_excepts,
        "try:\n    go()\nexcept (OSError, BaseException) as fault:\n    raise ValueError from fault",
    ),
    (test_purity.broad_excepts, "import contextlib\nwith contextlib.suppress(Exception):\n    go()"),
    (test_purity.not_standard, "import yaml"),
    (test_purity.not_standard, "from services.sync.store import Files"),
    (test_purity.bare_suppressions, "x = 1  # noqa"),
    (test_purity.bare_suppressions, "x = 1  # noqa: E501"),
    (test_purity.bare_suppressions, "x = 1  # type: ignore[misc]"),
    (test_rooms.long_functions, "def f():\n" + "    go()\n" * 60),
    (test_rooms.long_functions, "class A:\n    async def f(self):\n" + "        await go()\n" * 60),
    (test_rooms.long_functions, 'def f():\n    """Go."""\n' + "    go()\n" * 60),
    (test_tree.machine_paths, "data = '" + "/" + "tmp/candor'"),
    (test_tree.machine_paths, "see " + "/" + "work/main"),
    (test_tree.index_addresses, "pip install --index" + "-url https://packages.example/simple x"),
    (test_tree.index_addresses, "https://" + "pypi" + ".org/project/x"),
    (unknown_facts, "await outbox.put(sync_v1.FileRenamed(x=1))"),
    (unknown_facts, "await outbox.put(identity_v1.AccountVerified())"),
    (unknown_facts, "fact = identity_v1.AccountVerified()\nawait outbox.put(fact, subject=x)"),
    (unknown_facts, "on(identity_v1.AccountFindRequest, 'identity', handler)"),
    (unknown_facts, "on(identity_v1.ErasureRequested, 'newsletter', handler)"),
]


@pytest.mark.parametrize(("rule", "text"), BREACHES, ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_breach_is_found(rule: Rule, text: str) -> None:
    assert list(rule([Source("services/sync/domain.py", text)]))


HARMLESS: list[tuple[Rule, str]] = [
    (clock, "from datetime import datetime\nat = datetime.fromisoformat(text)"),
    (clock, "self.time.time()"),
    (randomness, "from hmac import compare_digest"),
    (environment, "import os\nos.replace(a, b)"),
    (test_purity.broad_excepts, "try:\n    go()\nexcept OSError:\n    pass"),
    (test_purity.broad_excepts, "try:\n    go()\nexcept BaseException:\n    tidy()\n    raise"),
    (test_purity.not_standard, "from services.sync.errors import LockedError\nfrom dataclasses import dataclass"),
    (test_purity.bare_suppressions, "x = 1  # noqa: S105 - the name of a header, not a secret"),
    (test_purity.bare_suppressions, "x = 1  # type: ignore[misc] # the stub lacks it"),
    (test_rooms.long_functions, "@cache\ndef f():\n" + "    go()\n" * 59),
    (test_rooms.long_functions, 'def f():\n    """Go.\n\n    Far.\n    """\n' + "    go()\n" * 59),
    (test_tree.machine_paths, "GET /workflows/1 and build" + "/" + "tmp"),
    (unknown_facts, "await outbox.put(sync_v1.BackupCreated(), subject=x)"),
    (unknown_facts, "on(identity_v1.ErasureRequested, 'identity', handler)"),
    (unknown_facts, "on(common_v1.PersonalDataAccessed, 'identity', handler)"),
]


@pytest.mark.parametrize(("rule", "text"), HARMLESS, ids=lambda value: getattr(value, "__name__", None))
def test_what_is_allowed_is_left_alone(rule: Rule, text: str) -> None:
    assert not list(rule([Source("services/sync/domain.py", text)]))


def test_a_dead_link_is_found() -> None:
    assert list(
        test_tree.dead_links([Source("docs/x.md", "see [it](nowhere.md) and [this](https://example.com)")])
    ) == ["docs/x.md -> nowhere.md"]


def test_a_fact_that_is_a_wish_is_found() -> None:
    assert list(test_contracts.not_past(["AccountVerified", "UpdateUser", "Verified", "BackupTaken", "SendMail"])) == [
        "UpdateUser",
        "Verified",
        "SendMail",
    ]


def test_a_personal_field_in_a_fact_is_found() -> None:
    string = FieldDescriptorProto.TYPE_STRING
    fields = [
        FieldDescriptorProto(name=n, number=i, type=string) for i, n in enumerate(("account_id", "new_email"), start=1)
    ]
    file = FileDescriptorProto(name="x.proto", package="x", message_type=[DescriptorProto(name="Made", field=fields)])
    pool = DescriptorPool()
    pool.Add(file)
    assert list(test_contracts.personal([pool.FindMessageTypeByName("x.Made")])) == ["x.Made.new_email"]


def test_an_altered_contract_is_found(tmp_path: Path) -> None:
    for side, text in (("ours", "a = 1"), ("made", "a = 2")):
        (tmp_path / side).mkdir()
        (tmp_path / side / "x_pb2.py").write_text(text)
    (tmp_path / "ours/left_over_pb2.py").write_text("")
    assert set(test_contracts.differing(tmp_path / "ours", tmp_path / "made")) == {"x_pb2.py", "left_over_pb2.py"}


def test_a_promise_without_probe_and_test_is_found() -> None:
    assert len(list(test_promises.unproven([PROMISE], {}, set()))) == 2
    assert not list(test_promises.unproven([PROMISE], {"C18": {"payments"}}, {"C18"}))


def test_who_does_not_lead_proves_a_part_of_a_promise_alone() -> None:
    later = replace(PROMISE, owners=("payments", "sync"), coverage_gap="Only a part of it is looked at.")
    assert not list(test_promises.unproven([later], {"C18": {"sync"}}, {"C18"}))
    assert len(list(test_promises.unproven([later], {"C18": {"payments"}}, {"C18"}))) == 1
    assert len(list(test_promises.unproven([replace(later, coverage_gap=None)], {"C18": {"sync"}}, {"C18"}))) == 1


def test_a_probe_and_a_test_are_recognised() -> None:
    probe = Source("services/payments/promises.py", 'Probe("C18", look)')
    proof = Source("tests/unit/payments/test_x.py", "async def test_C18_a_number_in_a_log_is_seen(): ...")
    assert test_promises.probes([probe]) == {"C18": {"payments"}}
    assert test_promises.promises_with_tests([proof]) == {"C18"}


def test_a_control_that_is_not_there_is_found() -> None:
    assert list(test_promises.without_control([PROMISE]))


@pytest.mark.parametrize("name", ["SALE", "data_rental", "advertising", "marketing", "list_barter", "promotions"])
def test_C07_a_commercial_purpose_is_found(name: str) -> None:
    assert list(test_personal.commercial([name]))


def test_C07_the_purposes_that_there_are_pass() -> None:
    assert not list(test_personal.commercial(["current", "statistics", "partner_service", "credit", "operations"]))


def test_a_part_of_a_document_is_seen_however_deep() -> None:
    class Inner(BaseModel):
        x: int

    class Outer(BaseModel):
        rows: dict[str, tuple[Inner | None, ...]]

    found: list[type[BaseModel]] = [Outer, Inner]
    assert list(test_personal.parts(Outer)) == found


def test_a_lock_out_of_step_is_found() -> None:
    lock = "a==1.0 \\\n    --hash=sha256:00\n    # via candor (pyproject.toml)\nb==2.0\n    # via a\n"
    assert list(test_locks.out_of_step([Requirement("a>=1.1"), Requirement("c")], test_locks.pins(lock))) == [
        "a>=1.1 is locked at 1.0",
        "c is locked at None",
    ]
    assert list(test_locks.unhashed(lock)) == ["b"]
    assert list(test_locks.dropped(lock, [])) == ["a"]


def test_headings_out_of_order_are_found() -> None:
    assert test_rooms.headings("# x\n## Owns\ntext\n### more\n## HTTP \n") == ["Owns", "HTTP"]


def test_a_file_that_outgrew_its_bound_is_found() -> None:
    long = "x = 1\n" * 16
    assert list(
        test_rooms.too_long((Source("services/sync/__main__.py", long), Source("services/sync/app.py", long * 26)))
    )


def test_a_class_name_in_two_modules_is_found() -> None:
    two = [Source(f"services/{service}/domain.py", "class Letter: ...") for service in ("sync", "identity")]
    same_role = [Source(f"services/{service}/settings.py", "class Settings: ...") for service in ("sync", "identity")]
    assert len(list(test_names.shared_class_names([*two, *same_role]))) == 1
