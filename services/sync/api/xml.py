"""The XML of WebDAV: read without document types, entities or network, in bounded size and depth."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from services.sync.domain.locks import OWNER_BYTES
from services.sync.domain.properties import Instruction
from services.sync.errors import BodyRefusedError, ReportUnknownError, ResourceTypeRefusedError, XmlRefusedError

MOST_BYTES = 256 << 10
_MOST_PROPERTIES = 500
DAV = "{DAV:}"


class Asked(Enum):
    """What a PROPFIND asks for."""

    NAMED = "prop"
    ALL = "allprop"
    NAMES = "propname"


@dataclass(frozen=True, slots=True)
class Propfind:
    """What to tell of each resource: the properties *names*, in Clark notation, or all or the names of all."""

    asked: Asked
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncCollection:
    """What a sync-collection REPORT asks for (RFC 6578); *deep* is None where its sync-level is missing."""

    token: str
    deep: bool | None
    limit: int | None
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockInfo:
    """What a LOCK asks for."""

    exclusive: bool
    owner: str


def propfind_of(body: bytes) -> Propfind:
    """Read the body of a PROPFIND; none at all asks for everything."""
    if not body.strip():
        return Propfind(Asked.ALL)
    root = _parsed(body, "propfind")
    kinds = [child for child in root if child.tag in {f"{DAV}prop", f"{DAV}allprop", f"{DAV}propname"}]
    if len(kinds) != 1:
        raise XmlRefusedError
    asked = Asked(etree.QName(kinds[0]).localname)
    named = kinds[0] if asked is Asked.NAMED else next((c for c in root if c.tag == f"{DAV}include"), None)
    return Propfind(asked, tuple(_names(named)) if named is not None else ())


_LEVELS = {"1": False, "infinite": True, "infinity": True, "": None}


def sync_of(body: bytes) -> SyncCollection:
    """Read the body of a REPORT; ReportUnknownError when it asks for another one."""
    root = _parsed(body)
    if root.tag != f"{DAV}sync-collection":
        raise ReportUnknownError
    level, prop = _value(root, "sync-level"), root.find(f"{DAV}prop")
    limit = _value(root, f"limit/{DAV}nresults")
    if root.find(f"{DAV}sync-token") is None or level not in _LEVELS or not (limit or "0").isdecimal():
        raise XmlRefusedError
    return SyncCollection(
        token=_value(root, "sync-token"),
        deep=_LEVELS[level],
        limit=int(limit[:9]) if limit else None,
        names=tuple(_names(prop)) if prop is not None else (),
    )


def _value(root: "etree._Element", name: str) -> str:
    return str(root.findtext(f"{DAV}{name}", "")).strip()


def folder_of(body: bytes) -> list[Instruction]:
    """Read the body of an extended MKCOL (RFC 5689): which properties the new folder has."""
    root = _parsed(body)
    if root.tag != f"{DAV}mkcol":
        raise BodyRefusedError
    found = _instructions(root)
    kinds = [one.xml for one in found if one.name == f"{DAV}resourcetype" and one.xml is not None]
    for kind in kinds:
        if [child.tag for child in _elements(etree.fromstring(kind, _parser()))] != [f"{DAV}collection"]:
            raise ResourceTypeRefusedError
    return [one for one in found if one.name != f"{DAV}resourcetype"]


def instructions_of(body: bytes) -> list[Instruction]:
    """Read the body of a PROPPATCH: what to set and remove, in its order."""
    found = _instructions(_parsed(body, "propertyupdate"))
    if not found:
        raise XmlRefusedError
    return found


def _instructions(root: "etree._Element") -> list[Instruction]:
    found: list[Instruction] = []
    for action in root:
        if action.tag not in {f"{DAV}set", f"{DAV}remove"}:
            continue  # RFC 4918 17: what is not understood is ignored
        for prop in action.iterchildren(f"{DAV}prop"):
            for element in _elements(prop):
                xml = _text(element) if action.tag == f"{DAV}set" else None
                found.append(Instruction(str(element.tag), xml))
    if len(found) > _MOST_PROPERTIES:
        raise XmlRefusedError
    return found


def lock_info_of(body: bytes) -> LockInfo:
    """Read the body of a LOCK."""
    root = _parsed(body, "lockinfo")
    scope = [child.tag for each in root.iterchildren(f"{DAV}lockscope") for child in _elements(each)]
    kind = [child.tag for each in root.iterchildren(f"{DAV}locktype") for child in _elements(each)]
    if kind != [f"{DAV}write"] or scope not in ([f"{DAV}exclusive"], [f"{DAV}shared"]):
        raise XmlRefusedError
    owner = root.find(f"{DAV}owner")
    text = "" if owner is None else _text(owner)
    if len(text.encode()) > OWNER_BYTES:
        raise XmlRefusedError
    return LockInfo(exclusive=scope == [f"{DAV}exclusive"], owner=text)


def _parsed(body: bytes, name: str | None = None) -> "etree._Element":
    if b"<!DOCTYPE" in body.replace(b"\0", b""):
        raise XmlRefusedError
    try:
        root = etree.fromstring(body, _parser())
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise XmlRefusedError from fault
    if root.getroottree().docinfo.internalDTD is not None or (name and root.tag != f"{DAV}{name}"):
        raise XmlRefusedError
    return root


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _elements(parent: "etree._Element") -> Iterator["etree._Element"]:
    return parent.iterchildren("*")


def _names(parent: "etree._Element") -> Iterator[str]:
    # In the order in which they were asked, each once.
    names = dict.fromkeys(str(child.tag) for child in _elements(parent))
    if len(names) > _MOST_PROPERTIES:
        raise XmlRefusedError
    return iter(names)


def _text(element: "etree._Element") -> str:
    """Return *element* as XML that stands for itself, with the language that it inherits (RFC 4918 4.3)."""
    language = next((up.get(_LANGUAGE) for up in (element, *element.iterancestors()) if up.get(_LANGUAGE)), None)
    copied = etree.fromstring(etree.tostring(element, encoding="unicode", with_tail=False), _parser())
    if language is not None:
        copied.set(_LANGUAGE, language)
    etree.cleanup_namespaces(copied)
    return str(etree.tostring(copied, encoding="unicode", with_tail=False))


_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def empty_element(name: str) -> str:
    """Return an empty element of the *name* in Clark notation; the prefix D is that of DAV:."""
    namespace, _, local = name[1:].rpartition("}") if name.startswith("{") else ("", "", name)
    if namespace == "DAV:":
        return f"<D:{local}/>"
    return f"<x:{local} xmlns:x={quoteattr(namespace)}/>" if namespace else f"<{local}/>"


__all__ = [
    "Asked",
    "LockInfo",
    "Propfind",
    "SyncCollection",
    "empty_element",
    "escape",
    "folder_of",
    "instructions_of",
    "lock_info_of",
    "propfind_of",
    "sync_of",
]
