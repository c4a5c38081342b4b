"""Measures the house: the numbers of ``docs/reference/house.md``, made by ``python -m tests.architecture.measure``.

Definitions, the same for every measurement: *source* is the Python of services/ and shared/ without generated
contracts; a function's length is its lines without the docstring; percentiles are of the sorted list, nearest rank.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.architecture.test_names import one_word_methods, shared_class_names
from tests.architecture.test_purity import MOCKS, broad_excepts, uses
from tests.architecture.tree import ROOT, Source, product, services, sources

REPORT = ROOT / "docs/reference/house.md"
Function = ast.FunctionDef | ast.AsyncFunctionDef

TERMS: dict[str, str] = {
    "bounce": "built by issue 14 (newsletter)",
    "webhook": "built by issue 15 (payments)",
    "csrf": "",
    "throttle": "",
    "circuit": "no circuit breaker: back-off and bounded waits; issue 18 (operations) decides",
    "poison": "called dead letter (RabbitMQ: dead letter exchange)",
    "producer": "called publisher (AMQP: basic.publish)",
    "mfa|2fa|second_?factor": "",
    "dsar|privacy_?request": "",
    "k_anonymity|min_group_size": "",
    "lockout|brute|login_?throttle": "",
    "impersonat": "staff cannot log in as a customer; no issue builds it",
    "garbage_?collect": "",
    "tokenize": "",
    "payment_?method": "cards are the only payment method; issue 15 (payments) decides",
    "reconcile": "",
    "audit": "called ledger (this product's word) and security event log",
    "webauthn": "",
    "pkce": "",
    "legal_?hold": "",
    "subscriber": "built by issue 14 (newsletter)",
    "retry": "",
    "dead_?propert": "called properties (RFC 4918 section 4.2: dead properties are those a client sets)",
    "lock_?token": "",
    "graceful|shutdown": "",
    "overload": "",
    "credential": "",
    "idempotency": "",
    "quota": "",
    "unsubscribe": "",
    "opt_?in": "",
    "refund": "",
    "preconditions?": "",
    "etag|entity_?tag": "",
}
"""Terms of the field that a newcomer searches for, as patterns of names; beside those without a name, why."""


_HEAD = """# The house in numbers

Made by `make docs` (`tests/architecture/measure.py` has the definitions). Not a gate: the rules in
`tests/architecture` are."""
_TABLE = "| measure | now |\n| --- | --- |\n"
_SERVICES = "| service | source lines | words of its README |\n| --- | --- | --- |\n"
_TERMS_HEAD = """## Terms of the field

Where a newcomer's search for a term ends: the first names that hold it, or why there is none."""
_TERMS = "| term | found in |\n| --- | --- |\n"


def main() -> int:
    """Write the report."""
    REPORT.write_text(render(), encoding="utf-8")
    print(f"{REPORT.relative_to(ROOT)} is written")
    return 0


def render() -> str:
    """Return the report as Markdown."""
    rows = [*_files(), *_functions(), *_types(), *_prose(), *_names(), *_tests()]
    table = "\n".join(f"| {what} | {value} |" for what, value in rows)
    sizes = "\n".join(f"| {name} | {lines} | {words} |" for name, lines, words in _services())
    terms = "\n".join(f"| {term} | {found} |" for term, found in find_terms())
    return "\n\n".join((_HEAD, f"{_TABLE}{table}", f"{_SERVICES}{sizes}", _TERMS_HEAD, f"{_TERMS}{terms}\n"))


def find_terms() -> Iterator[tuple[str, str]]:
    """Yield each term with up to three names that hold it, else the reason why none does."""
    names = sorted(set(_all_names()), key=len)
    for pattern, reason in TERMS.items():
        found = [name for name in names if re.search(pattern, name, re.IGNORECASE)][:3]
        label = pattern.replace("_?", " ").replace("?", "").split("|")[0]
        yield label, ", ".join(f"`{name}`" for name in found) or reason or "not found"


def _all_names() -> Iterator[str]:
    for source in product():
        yield source.path
        for node in source.nodes:
            match node:
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    yield name
                case ast.Constant(value=str(text)) if re.fullmatch(r"candor_[a-z_]+|[A-Z]{4,}_[A-Z_]+", text):
                    yield text
                case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                    yield name


def _files() -> Iterator[tuple[str, str]]:
    lengths = [source.lines for source in product()]
    yield "source files / lines", f"{len(lengths)} / {sum(lengths):,}"
    yield "file length, median / p90 / max", _spread(lengths)
    yield "modules in import cycles", str(len(_cyclic_modules()))


def _cyclic_modules() -> set[str]:
    """Return the modules that can be reached from themselves by imports."""
    names = {_module_name(source): source for source in product()}
    edges = {
        name: {_imported_module(full, names) for _, full in source.used()} - {name, ""}
        for name, source in names.items()
    }
    return {name for name in names if name in _reachable(edges, name)}


def _imported_module(full: str, names: Mapping[str, Source]) -> str:
    """Return the module that *full* names, or holds the name; empty when it is none of ours."""
    return next((name for name in (full, full.rpartition(".")[0]) if name in names), "")


def _module_name(source: Source) -> str:
    return source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _reachable(edges: Mapping[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(edges[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += edges[name]
    return seen


def _functions() -> Iterator[tuple[str, str]]:
    found = [node for source in product() for node in source.nodes if isinstance(node, Function)]
    yield "function length, median / p90 / max", _spread([_length(node) for node in found])
    yield "positional parameters, median / p90 / max", _spread([_positional(node) for node in found])
    typed = sum(node.returns is not None and all(_arguments_typed(node)) for node in found)
    yield "functions fully annotated", _percent(typed, len(found))


def _length(node: Function) -> int:
    doc = node.body[0] if ast.get_docstring(node) else None
    return (node.end_lineno or node.lineno) - node.lineno + 1 - ((doc.end_lineno or 0) - doc.lineno + 1 if doc else 0)


def _positional(node: Function) -> int:
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    return len([name for name in names if name not in ("self", "cls")])


def _arguments_typed(node: Function) -> Iterator[bool]:
    for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        yield argument.annotation is not None or argument.arg in ("self", "cls")


def _types() -> Iterator[tuple[str, str]]:
    text = "\n".join(source.text for source in product())
    yield "`type: ignore` in source", str(len(re.findall(r"# type: ignore", text)))
    yield "`noqa` in source, each with a reason", str(len(re.findall(r"# noqa", text)))
    anys, casts = len(re.findall(r"\bAny\b", text)), len(re.findall(r"\bcast\(", text))
    yield "`Any` / `cast` in source", f"{anys} / {casts}"
    yield "broad excepts that swallow", str(len(list(broad_excepts(sources()))))
    yield "TODO, FIXME", str(len(re.findall(r"\b(?:TODO|FIXME)\b", text)))


def _prose() -> Iterator[tuple[str, str]]:
    files = list(product())
    code = sum(_code_lines(source) for source in files)
    comments = sum(_comments(source) for source in files)
    yield "module docstrings", _percent(sum(bool(ast.get_docstring(one.tree)) for one in files), len(files))
    yield "comments in 100 lines of code", f"{100 * comments / code:.1f}"


def _comments(source: Source) -> int:
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    return sum(token.type == tokenize.COMMENT and "noqa" not in token.string for token in tokens)


def _code_lines(source: Source) -> int:
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in source.text.splitlines())


def _names() -> Iterator[tuple[str, str]]:
    methods = [
        method.name
        for source in product()
        for owner in source.nodes
        if isinstance(owner, ast.ClassDef)
        for method in owner.body
        if isinstance(method, Function) and not method.name.startswith("_")
    ]
    yield "public methods", f"{len(methods):,}"
    yield "of one word", _percent(sum("_" not in name for name in methods), len(methods))
    yield "of one word outside the list of verbs", str(len(list(one_word_methods(product()))))
    yield "mean length of a method's name", f"{sum(map(len, methods)) / len(methods):.1f}"
    yield "class names in two modules, outside the list", str(len(list(shared_class_names(product()))))


def _tests() -> Iterator[tuple[str, str]]:
    files = [source for source in sources() if source.path.startswith("tests/")]
    cases = [n for s in files for n in s.nodes if isinstance(n, Function) and n.name.startswith("test_")]
    ratio = sum(source.lines for source in files) / sum(source.lines for source in product())
    yield "tests : source lines", f"{ratio:.2f}"
    yield "test functions; length, median / p90 / max", f"{len(cases):,}; {_spread([_length(case) for case in cases])}"
    yield "files with mocks", str(len(list(uses(files, MOCKS))))
    yield "largest conftest", str(max(source.lines for source in files if source.path.endswith("/conftest.py")))


def _services() -> Iterator[tuple[str, str, str]]:
    for service in services():
        lines = sum(source.lines for source in product() if source.path.startswith(f"services/{service}/"))
        words = len((ROOT / "services" / service / "README.md").read_text(encoding="utf-8").split())
        yield service, f"{lines:,}", f"{words:,}"
    yield "shared", f"{sum(source.lines for source in product() if source.path.startswith('shared/')):,}", "–"


def _spread(values: Sequence[int]) -> str:
    ordered = sorted(values)
    return f"{_rank(ordered, 0.5)} / {_rank(ordered, 0.9)} / {ordered[-1]}"


def _rank(ordered: Sequence[int], share: float) -> int:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def unfound(terms: Iterable[tuple[str, str]]) -> list[str]:
    """Return the terms that neither a name holds nor a reason explains."""
    return [term for term, found in terms if found == "not found"]


if __name__ == "__main__":
    sys.exit(main())
