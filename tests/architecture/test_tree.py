"""What no file of the project may hold: paths of one machine, addresses of package indexes, dead links."""

import re
from collections.abc import Iterable, Iterator

from tests.architecture.tree import ROOT, Source, refuse, texts

_SLASH = "/"  # apart, so that this file does not find itself
MACHINE = tuple(_SLASH + folder for folder in ("work", "farm"))
SCRATCH = (*MACHINE, _SLASH + "tmp")
INDEX = re.compile(
    r"pypi\.org|pythonhosted\.org|index-url[ =]+\S*://|find-links[ =]+\S*://|/simple/?[\"'\s]", re.IGNORECASE
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def machine_paths(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield the absolute paths of some machine; tests may use the scratch folder, and a container has its own."""
    for source in wanted:
        banned = MACHINE if source.path.startswith(("tests/", "charts/", "Dockerfile")) else SCRATCH
        pattern = re.compile(rf"(?<![\w.$}})\]-])({'|'.join(banned)})(?![\w-])")
        yield from _found(source, pattern)


def index_addresses(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield the addresses of package indexes."""
    for source in wanted:
        if source.path not in {"tests/architecture/test_tree.py", "tests/architecture/test_rules_catch.py"}:
            yield from _found(source, INDEX)


def dead_links(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield the relative links of documents that lead nowhere."""
    for source in wanted:
        here = (ROOT / source.path).parent
        for target in LINK.findall(source.text):
            if "://" not in target and not target.startswith(("mailto:", "/")) and not (here / target).exists():
                yield f"{source.path} -> {target}"


def _found(source: Source, pattern: re.Pattern[str]) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), start=1):
        if match := pattern.search(line):
            yield f"{source.path}:{number} {match[0].strip()}"


def test_no_file_knows_a_path_of_one_machine() -> None:
    refuse(
        machine_paths(texts()),
        "Take the path as a setting, build it from the file's own place, or use tempfile: others have other folders.",
    )


def test_no_file_names_a_package_index() -> None:
    refuse(
        index_addresses(texts()),
        "Leave the index to the machine's own configuration (uv pip compile --no-emit-index-url); hashes in the lock "
        "files say which files are meant.",
    )


def test_every_link_in_the_documents_leads_somewhere() -> None:
    refuse(
        dead_links(source for source in texts() if source.path.endswith(".md")),
        "Correct the link, or write what it promises.",
    )


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(path.name[:4] for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)], (
        "docs/decisions/NNNN-title.md, one a number"
    )
