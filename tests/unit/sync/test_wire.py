"""What comes in from clients is read strictly, and what goes out is escaped."""

from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from services.sync.api.dav_xml import Propfind, PropfindKind, parse_lockinfo, parse_propertyupdate, parse_propfind
from services.sync.api.hrefs import HrefBuilder, parse_path
from services.sync.api.multistatus import LockDiscovery, Multistatus
from services.sync.domain.account_usage import AccountUsage
from services.sync.domain.locks import Lock
from services.sync.domain.tree import Node, NodeKind
from services.sync.errors import CrossServerDestinationError, InvalidPathError, InvalidXmlError
from services.sync.service.tree.reader import CollectionListing
from tests.support import NOON

AT = HrefBuilder.from_public_url("https://files.example/base")


def test_an_address_is_split_before_it_is_decoded() -> None:
    address = parse_path("/sync/ada/a%20b/c%25d/")
    assert (address.username, address.path, address.trailing_slash) == ("ada", ("a b", "c%d"), True)
    assert parse_path("/sync/ada").path == ()


@pytest.mark.parametrize("path", ["/sync/ada/a//b", "/sync/ada/%2e%2e/b", "/sync/ada/a%2fb", "/other", "/sync/ada/%g0"])
def test_an_address_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(InvalidPathError):
        parse_path(path)


def test_what_goes_out_comes_in_again() -> None:
    hard = ("a b", "%2F", "ä&<>'\"", "#?;", "e\u0301", "+")
    href = AT.build_href("ada", hard, folder=False)
    assert href.isascii()
    assert AT.parse_destination(f"https://files.example{href}", "ada").path == hard


@pytest.mark.parametrize("host", ["files.example", "FILES.example", "files.example:443"])
def test_a_destination_on_the_public_host_is_ours_whatever_its_scheme(host: str) -> None:
    assert AT.parse_destination(f"https://{host}/base/sync/ada/x", "ada").path == ("x",)
    assert AT.parse_destination("http://files.example/base/sync/ada/x", "ada").path == ("x",)


@pytest.mark.parametrize("url", ["https://evil.example/base/sync/ada/x", "https://files.example/base/sync/bob/x"])
def test_a_destination_elsewhere_is_foreign(url: str) -> None:
    with pytest.raises(CrossServerDestinationError):
        AT.parse_destination(url, "ada")


def test_loopback_has_three_names() -> None:
    local = HrefBuilder.from_public_url("http://127.0.0.1:8080")
    assert local.parse_destination("http://localhost:8080/sync/ada/x", "ada").path == ("x",)
    with pytest.raises(CrossServerDestinationError):
        local.parse_destination("http://localhost:8081/sync/ada/x", "ada")


def test_a_propfind_asks_for_all_for_names_or_for_some() -> None:
    named = b'<D:propfind xmlns:D="DAV:" xmlns:x="urn:x"><D:prop><D:getetag/><x:y/><D:getetag/></D:prop></D:propfind>'
    assert parse_propfind(named) == Propfind(PropfindKind.NAMED, ("{DAV:}getetag", "{urn:x}y"))
    assert parse_propfind(b"") == Propfind(PropfindKind.ALL)
    assert parse_propfind(b'<propfind xmlns="DAV:"><propname/></propfind>').kind is PropfindKind.NAMES
    include = b'<propfind xmlns="DAV:"><allprop/><include><quota-used-bytes/></include></propfind>'
    assert parse_propfind(include).names == ("{DAV:}quota-used-bytes",)


def test_instructions_keep_their_order_and_the_language_around_them() -> None:
    body = (
        b'<propertyupdate xmlns="DAV:" xml:lang="de"><set><prop><a xmlns="urn:x">1</a></prop></set>'
        b'<remove><prop><b xmlns="urn:x"/></prop></remove></propertyupdate>'
    )
    first, second = parse_propertyupdate(body)
    assert first.xml == '<a xmlns="urn:x" xml:lang="de">1</a>'
    assert (second.name, second.xml) == ("{urn:x}b", None)


@pytest.mark.parametrize(
    "body",
    [
        b"<lockinfo xmlns='DAV:'/>",
        b"<lockinfo xmlns='DAV:'><lockscope><exclusive/><shared/></lockscope><locktype><write/></locktype></lockinfo>",
        b"<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><read/></locktype></lockinfo>",
        b"<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype><owner>"
        + b"x" * 5000
        + b"</owner></lockinfo>",
    ],
)
def test_a_lock_that_is_not_understood_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidXmlError):
        parse_lockinfo(body)


def test_a_multistatus_is_well_formed_whatever_the_names_and_properties_are() -> None:
    folder = _node("root", "", NodeKind.FOLDER)
    members = [_node(f"n{number}", name) for number, name in enumerate(["<&>'\"", "]]>", "ü", "a" * 255])]
    listing = CollectionListing(
        node=folder,
        path=(),
        members=tuple(members),
        ids=("root",),
        usage=AccountUsage(account="a", quota_bytes=10),
        locks=(_lock(),),
        device_id="mine",
        at=NOON,
    )
    for asked in (
        Propfind(PropfindKind.ALL),
        Propfind(PropfindKind.NAMES),
        Propfind(PropfindKind.NAMED, ("{urn:a&b}x", "{DAV:}getetag")),
    ):
        written = Multistatus(hrefs=AT, username="a&b", listing=listing, propfind=asked)
        root = etree.fromstring(b"".join(written.render_listing()))
        assert len(root.findall("{DAV:}response")) == 5


def test_a_lock_is_shown_without_its_token_to_other_devices() -> None:
    mine, others = (LockDiscovery(hrefs=AT, username="ada", device=device, at=NOON) for device in ("mine", "another"))
    assert "urn:uuid:secret" in mine.render_lock(_lock())
    assert "urn:uuid:secret" not in others.render_lock(_lock())


def test_a_lock_is_shown_with_what_is_left_of_it() -> None:
    view = LockDiscovery(hrefs=AT, username="ada", device="mine", at=NOON + timedelta(milliseconds=100))
    assert "Second-60<" in view.render_lock(replace(_lock(), expires_at=NOON + timedelta(seconds=60)))
    assert "Second-0<" in view.render_lock(_lock())


def _node(node: str, name: str, kind: NodeKind = NodeKind.FILE) -> Node:
    dead = '{"{urn:x}p":"<p xmlns=\\"urn:x\\">&lt;</p>"}'
    return Node(
        id=node,
        parent="root",
        name=name,
        kind=kind,
        rev=1,
        tag=1,
        created_at=NOON,
        modified_at=NOON,
        properties=dead,
    )


def _lock() -> Lock:
    return Lock(
        token="urn:uuid:secret",
        ids=("root",),
        path=(),
        exclusive=True,
        deep=True,
        owner="<D:owner>&lt;Ada&gt;</D:owner>",
        device="mine",
        seconds=60,
        expires_at=NOON,
    )
