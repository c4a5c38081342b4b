"""Parses the XML bodies of WebDAV, without document types, entities or network, in bounded size and depth."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from services.sync.domain.locks import MAX_OWNER_BYTES
from services.sync.domain.properties import PropertyUpdate
from services.sync.errors import (
    InvalidResourceTypeError,
    InvalidXmlError,
    UnsupportedDavBodyError,
    UnsupportedReportError,
)

MAX_XML_BYTES = 256 << 10
_MAX_PROPERTIES = 500
DAV_NAMESPACE = "{DAV:}"


class PropfindKind(Enum):
    """The kinds of PROPFIND."""

    NAMED = "prop"
    ALL = "allprop"
    NAMES = "propname"


@dataclass(frozen=True, slots=True)
class Propfind:
    """A PROPFIND: the properties *names* (Clark notation), all properties, or all names."""

    kind: PropfindKind
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncCollection:
    """A sync-collection REPORT (RFC 6578); *deep* is None where the sync-level is missing."""

    token: str
    deep: bool | None
    limit: int | None
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockInfo:
    """A LOCK request."""

    exclusive: bool
    owner: str


def parse_propfind(body: bytes) -> Propfind:
    """Parse the body of a PROPFIND; an empty body requests all properties."""
    if not body.strip():
        return Propfind(PropfindKind.ALL)
    root = _parse_document(body, "propfind")
    kinds = [
        child
        for child in root
        if child.tag in {f"{DAV_NAMESPACE}prop", f"{DAV_NAMESPACE}allprop", f"{DAV_NAMESPACE}propname"}
    ]
    if len(kinds) != 1:
        raise InvalidXmlError
    kind = PropfindKind(etree.QName(kinds[0]).localname)
    named = (
        kinds[0] if kind is PropfindKind.NAMED else next((c for c in root if c.tag == f"{DAV_NAMESPACE}include"), None)
    )
    return Propfind(kind, tuple(_property_names(named)) if named is not None else ())


_SYNC_LEVELS = {"1": False, "infinite": True, "infinity": True, "": None}


def parse_sync_collection(body: bytes) -> SyncCollection:
    """Parse the body of a REPORT; UnsupportedReportError for any report but sync-collection."""
    root = _parse_document(body)
    if root.tag != f"{DAV_NAMESPACE}sync-collection":
        raise UnsupportedReportError
    level, prop = _child_text(root, "sync-level"), root.find(f"{DAV_NAMESPACE}prop")
    limit = _child_text(root, f"limit/{DAV_NAMESPACE}nresults")
    if root.find(f"{DAV_NAMESPACE}sync-token") is None or level not in _SYNC_LEVELS or not (limit or "0").isdecimal():
        raise InvalidXmlError
    return SyncCollection(
        token=_child_text(root, "sync-token"),
        deep=_SYNC_LEVELS[level],
        limit=int(limit[:9]) if limit else None,
        names=tuple(_property_names(prop)) if prop is not None else (),
    )


def _child_text(root: "etree._Element", name: str) -> str:
    return str(root.findtext(f"{DAV_NAMESPACE}{name}", "")).strip()


def parse_mkcol(body: bytes) -> list[PropertyUpdate]:
    """Parse the body of an extended MKCOL (RFC 5689): the properties of the new folder."""
    root = _parse_document(body)
    if root.tag != f"{DAV_NAMESPACE}mkcol":
        raise UnsupportedDavBodyError
    found = _parse_property_updates(root)
    kinds = [one.xml for one in found if one.name == f"{DAV_NAMESPACE}resourcetype" and one.xml is not None]
    for kind in kinds:
        if [child.tag for child in _child_elements(etree.fromstring(kind, _new_parser()))] != [
            f"{DAV_NAMESPACE}collection"
        ]:
            raise InvalidResourceTypeError
    return [one for one in found if one.name != f"{DAV_NAMESPACE}resourcetype"]


def parse_propertyupdate(body: bytes) -> list[PropertyUpdate]:
    """Parse the body of a PROPPATCH: the properties to set and remove, in order."""
    found = _parse_property_updates(_parse_document(body, "propertyupdate"))
    if not found:
        raise InvalidXmlError
    return found


def _parse_property_updates(root: "etree._Element") -> list[PropertyUpdate]:
    found: list[PropertyUpdate] = []
    for action in root:
        if action.tag not in {f"{DAV_NAMESPACE}set", f"{DAV_NAMESPACE}remove"}:
            continue  # RFC 4918 §17: unknown elements are ignored
        for prop in action.iterchildren(f"{DAV_NAMESPACE}prop"):
            for element in _child_elements(prop):
                xml = _serialize_element(element) if action.tag == f"{DAV_NAMESPACE}set" else None
                found.append(PropertyUpdate(str(element.tag), xml))
    if len(found) > _MAX_PROPERTIES:
        raise InvalidXmlError
    return found


def parse_lockinfo(body: bytes) -> LockInfo:
    """Parse the body of a LOCK."""
    root = _parse_document(body, "lockinfo")
    scope = [child.tag for each in root.iterchildren(f"{DAV_NAMESPACE}lockscope") for child in _child_elements(each)]
    kind = [child.tag for each in root.iterchildren(f"{DAV_NAMESPACE}locktype") for child in _child_elements(each)]
    if kind != [f"{DAV_NAMESPACE}write"] or scope not in ([f"{DAV_NAMESPACE}exclusive"], [f"{DAV_NAMESPACE}shared"]):
        raise InvalidXmlError
    owner = root.find(f"{DAV_NAMESPACE}owner")
    text = "" if owner is None else _serialize_element(owner)
    if len(text.encode()) > MAX_OWNER_BYTES:
        raise InvalidXmlError
    return LockInfo(exclusive=scope == [f"{DAV_NAMESPACE}exclusive"], owner=text)


def _parse_document(body: bytes, name: str | None = None) -> "etree._Element":
    if b"<!DOCTYPE" in body.replace(b"\0", b""):
        raise InvalidXmlError
    try:
        root = etree.fromstring(body, _new_parser())
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise InvalidXmlError from fault
    if root.getroottree().docinfo.internalDTD is not None or (name and root.tag != f"{DAV_NAMESPACE}{name}"):
        raise InvalidXmlError
    return root


def _new_parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _child_elements(parent: "etree._Element") -> Iterator["etree._Element"]:
    return parent.iterchildren("*")


def _property_names(parent: "etree._Element") -> Iterator[str]:
    # In the order of the request, each name once.
    names = dict.fromkeys(str(child.tag) for child in _child_elements(parent))
    if len(names) > _MAX_PROPERTIES:
        raise InvalidXmlError
    return iter(names)


def _serialize_element(element: "etree._Element") -> str:
    """Return *element* as self-contained XML, with the language that it inherits (RFC 4918 §4.3)."""
    language = next((up.get(_XML_LANG) for up in (element, *element.iterancestors()) if up.get(_XML_LANG)), None)
    copied = etree.fromstring(etree.tostring(element, encoding="unicode", with_tail=False), _new_parser())
    if language is not None:
        copied.set(_XML_LANG, language)
    etree.cleanup_namespaces(copied)
    return str(etree.tostring(copied, encoding="unicode", with_tail=False))


_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def empty_element(name: str) -> str:
    """Return an empty element for *name* in Clark notation; the prefix D stands for DAV:."""
    namespace, _, local = name[1:].rpartition("}") if name.startswith("{") else ("", "", name)
    if namespace == "DAV:":
        return f"<D:{local}/>"
    return f"<x:{local} xmlns:x={quoteattr(namespace)}/>" if namespace else f"<{local}/>"


__all__ = [
    "LockInfo",
    "Propfind",
    "PropfindKind",
    "SyncCollection",
    "empty_element",
    "escape",
    "parse_lockinfo",
    "parse_mkcol",
    "parse_propertyupdate",
    "parse_propfind",
    "parse_sync_collection",
]
