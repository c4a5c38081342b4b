"""Names are the field's terms, and one name means one thing (CONTRIBUTING: language)."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.architecture.tree import Source, product, refuse
from tests.architecture.verbs import MOST_VERBS, VERBS

SAME_ROLE = {"Settings", "AccountEraser", "AccountExport", "Stores"}
"""What every service has under the same name, since it is the same job."""
METRIC_MAKERS = ("counter", "gauge", "histogram")
TIMES = ("datetime", "Datetime", "date", "Timestamp", "Rfc3339")
INHERITED = {"writable": "io.RawIOBase"}
"""Names that a class of the standard library gives to its subclasses."""


def one_word_methods(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield the public methods of one word that is no verb of the field."""
    for source in wanted:
        for owner in _classes(source):
            for method in owner.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and _is_bare(method):
                    yield f"{source.path}:{method.lineno} {owner.name}.{method.name}"


def _is_bare(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    if "_" in method.name or method.name in VERBS or method.name in INHERITED:
        return False
    # A property reads like a field: a noun is right for it.
    return not any("property" in ast.unparse(mark) or ".setter" in ast.unparse(mark) for mark in method.decorator_list)


def shared_class_names(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield the class names that two modules define."""
    places: dict[str, list[str]] = defaultdict(list)
    for source in wanted:
        for owner in _classes(source):
            places[owner.name].append(f"{source.path}:{owner.lineno}")
    for name, found in places.items():
        if name not in SAME_ROLE and len({place.split(":")[0] for place in found}) > 1:
            yield f"{name}: {', '.join(found)}"


def shadowed_imports(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield the classes whose name the same module imports."""
    for source in wanted:
        imported = {
            alias.asname or alias.name
            for node in source.nodes
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for owner in _classes(source):
            if owner.name in imported:
                yield f"{source.path}:{owner.lineno} {owner.name}"


def stored_classes(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield the stored classes whose name does not say so: they declare a collection."""
    for source in wanted:
        for owner in _classes(source):
            if owner.name != "Document" and _declares_collection(owner) and not owner.name.endswith("Document"):
                yield f"{source.path}:{owner.lineno} {owner.name}"


def _declares_collection(owner: ast.ClassDef) -> bool:
    return any(
        isinstance(line, ast.Assign)
        and isinstance(line.targets[0], ast.Name)
        and line.targets[0].id == "collection"
        and isinstance(line.value, ast.Constant)
        and isinstance(line.value.value, str)
        and bool(line.value.value)
        for line in owner.body
    )


def times_that_are_none(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield the fields that are called ``…_at`` and hold no time."""
    for source in wanted:
        for node in source.nodes:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id.endswith("_at"):
                kind = ast.unparse(node.annotation)
                if not any(time in kind for time in TIMES):
                    yield f"{source.path}:{node.lineno} {node.target.id}: {kind}"


def unprefixed_metrics(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield the metrics whose name does not begin with candor_."""
    for source in wanted:
        for maker in METRIC_MAKERS:
            for call in source.calls(maker):
                match call.args:
                    case [ast.Constant(value=str(name)), *_] if re.fullmatch(r"[a-z_]+", name):
                        if not name.startswith("candor_"):
                            yield f"{source.path}:{call.lineno} {name}"


def _classes(source: Source) -> Iterator[ast.ClassDef]:
    return (node for node in source.nodes if isinstance(node, ast.ClassDef))


def test_a_method_of_one_word_is_a_verb_of_the_field() -> None:
    refuse(
        one_word_methods(product()),
        "Say what it works on, as Django, Stripe or the RFC would: list_by_account, count_overdue, mark_reminded. The "
        "verbs that stand alone are in tests/architecture/verbs.py, each with its source and its one meaning.",
    )


def test_the_verbs_are_few_and_sourced() -> None:
    assert len(VERBS) <= MOST_VERBS
    assert [verb for verb, source in VERBS.items() if "(" not in source] == []


def test_a_class_name_means_one_thing() -> None:
    refuse(
        shared_class_names(product()),
        "Put the noun of its service or feature before it (NewsletterSubscription, EventSubscription). Only the same "
        "role in several services bears the same name: SAME_ROLE in this file.",
    )


def test_a_class_does_not_hide_what_its_module_imports() -> None:
    refuse(shadowed_imports(product()), "Give it another name: a reader takes it for the library's.")


def test_what_is_stored_is_called_a_document() -> None:
    refuse(stored_classes(product()), "Call it …Document (an embedded value …Value): it is what lies in MongoDB.")


def test_what_ends_in_at_is_a_time() -> None:
    refuse(
        times_that_are_none(product()),
        "A `…_at` is a time. A count is `…_count` or `sample_size`, an age `…_age_seconds`, a place what it is.",
    )


def test_a_metric_names_its_application() -> None:
    refuse(unprefixed_metrics(product()), "Begin it with candor_ and end it in its unit (Prometheus: metric names).")
