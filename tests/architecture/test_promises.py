"""Every promise of the policy has a control, a probe and a test named after it, or says in the register why not yet."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from shared.policy import JURISDICTION, PROMISES, Promise
from tests.architecture.tree import ROOT, Source, product, refuse, room, services, sources

LONGEST_CLAUSE = 120
NAMED_AFTER = re.compile(r"(?:^|_)[cC](\d\d)(?=_|$)")


def probes(wanted: Iterable[Source]) -> dict[str, set[str]]:
    """Return who probes each promise: the names of services, or "shared" for the probes that all of them have."""
    found: dict[str, set[str]] = defaultdict(set)
    for source in wanted:
        for call in source.calls("Probe"):
            match call:
                case (
                    ast.Call(args=[ast.Constant(value=str(promise_id)), *_])
                    | ast.Call(keywords=[ast.keyword(arg="promise_id", value=ast.Constant(value=str(promise_id))), *_])
                ):
                    found[promise_id].add((room(source) or ("shared", ""))[0])
    return found


def promises_with_tests(wanted: Iterable[Source]) -> set[str]:
    """Return the promises that a test, or a class of tests, is named after."""
    return {
        f"C{number}"
        for source in wanted
        if source.path.startswith("tests/")
        for node in source.nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.name.lower().startswith("test")
        for number in NAMED_AFTER.findall(node.name)
    }


def unproven(promises: Iterable[Promise], probed: Mapping[str, set[str]], tested: set[str]) -> Iterator[str]:
    """Yield what a promise lacks, or says wrongly."""
    for promise in promises:
        looked = probed.get(promise.id, set())
        # Another owner than the leading one sees a part: such a promise may be broken, and is not kept yet.
        leading = looked & {"shared", promise.owners[0]}
        if promise.coverage_gap and leading:
            yield f"{promise.id} has a probe: remove its coverage_gap"
        if not promise.coverage_gap and not leading:
            yield f'{promise.id} has no probe: write Probe("{promise.id}", …) in {promise.owners[0]}/promises.py'
        if not promise.coverage_gap and promise.id not in tested:
            yield f"{promise.id} has no test: plant a breach in test_{promise.id}_…, and see the probe catch it"
        if strangers := looked - {"shared", *promise.owners}:
            yield f"{promise.id} is probed by {', '.join(strangers)}: add it to the owners"


def without_control(promises: Iterable[Promise]) -> Iterator[str]:
    """Yield the promises that are probed although the module said to keep them does not exist."""
    for promise in promises:
        path = ROOT / promise.control.replace(".", "/")
        if not promise.coverage_gap and not (path.is_dir() or path.with_suffix(".py").is_file()):
            yield f"{promise.id} {promise.control}"


def test_the_register_has_all_promises_in_order() -> None:
    ids = [promise.id for promise in PROMISES]
    assert ids == [f"C{number:02}" for number in range(1, 32)], "an id is never renumbered, dropped or used again"


def test_every_promise_is_proven_or_says_why_not_yet() -> None:
    refuse(
        unproven(PROMISES, probes(product()), promises_with_tests(sources())),
        "Prove it in the running system, or say in shared/policy/promises.yaml (coverage_gap) why it is not.",
    )


def test_the_control_of_a_proven_promise_exists() -> None:
    refuse(without_control(PROMISES), "Name the module that makes it true, in shared/policy/promises.yaml.")


def test_owners_are_services() -> None:
    known = {*services(), "gateway"}
    refuse(
        (f"{promise.id} {owner}" for promise in PROMISES for owner in promise.owners if owner not in known),
        "An owner is a folder of services/.",
    )


def test_a_clause_is_one_plain_line() -> None:
    refuse(
        (
            f"{promise.id} {promise.clause}"
            for promise in PROMISES
            if len(promise.clause) > LONGEST_CLAUSE or "\n" in promise.clause or not promise.clause.endswith(".")
        ),
        f"One sentence of at most {LONGEST_CLAUSE} characters that a customer understands.",
    )


def test_what_is_not_proven_says_why_in_a_sentence() -> None:
    refuse(
        (
            f"{p.id} {p.coverage_gap}"
            for p in PROMISES
            if p.coverage_gap is not None and not re.match(r"[A-Z].{20,}\.$", p.coverage_gap)
        ),
        "Say in one sentence what is missing, as you would to a customer who asks.",
    )


def test_C29_the_governing_law_is_named() -> None:
    assert JURISDICTION == "United States"
