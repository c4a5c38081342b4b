"""What comes in from clients is read strictly, and what goes out is escaped."""

from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from services.sync.api.addresses import Addresses, address_of
from services.sync.api.multistatus import LockView, Multistatus
from services.sync.api.xml import Asked, Propfind, instructions_of, lock_info_of, propfind_of
from services.sync.domain.locks import Lock
from services.sync.domain.space import Space
from services.sync.domain.tree import Kind, Node
from services.sync.errors import ForeignDestinationError, PathRefusedError, XmlRefusedError
from services.sync.service.reading import Listing
from tests.support import NOON

AT = Addresses.at("https://files.example/base")


def test_an_address_is_split_before_it_is_decoded() -> None:
    address = address_of("/sync/ada/a%20b/c%25d/")
    assert (address.username, address.path, address.of_folder) == ("ada", ("a b", "c%d"), True)
    assert address_of("/sync/ada").path == ()


@pytest.mark.parametrize("path", ["/sync/ada/a//b", "/sync/ada/%2e%2e/b", "/sync/ada/a%2fb", "/other", "/sync/ada/%g0"])
def test_an_address_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(PathRefusedError):
        address_of(path)


def test_what_goes_out_comes_in_again() -> None:
    hard = ("a b", "%2F", "ä&<>'\"", "#?;", "e\u0301", "+")
    href = AT.href("ada", hard, folder=False)
    assert href.isascii()
    assert AT.destination(f"https://files.example{href}", "ada").path == hard


@pytest.mark.parametrize("host", ["files.example", "FILES.example", "files.example:443"])
def test_a_destination_on_the_public_host_is_ours_whatever_its_scheme(host: str) -> None:
    assert AT.destination(f"https://{host}/base/sync/ada/x", "ada").path == ("x",)
    assert AT.destination("http://files.example/base/sync/ada/x", "ada").path == ("x",)


@pytest.mark.parametrize("url", ["https://evil.example/base/sync/ada/x", "https://files.example/base/sync/bob/x"])
def test_a_destination_elsewhere_is_foreign(url: str) -> None:
    with pytest.raises(ForeignDestinationError):
        AT.destination(url, "ada")


def test_loopback_has_three_names() -> None:
    local = Addresses.at("http://127.0.0.1:8080")
    assert local.destination("http://localhost:8080/sync/ada/x", "ada").path == ("x",)
    with pytest.raises(ForeignDestinationError):
        local.destination("http://localhost:8081/sync/ada/x", "ada")


def test_a_propfind_asks_for_all_for_names_or_for_some() -> None:
    named = b'<D:propfind xmlns:D="DAV:" xmlns:x="urn:x"><D:prop><D:getetag/><x:y/><D:getetag/></D:prop></D:propfind>'
    assert propfind_of(named) == Propfind(Asked.NAMED, ("{DAV:}getetag", "{urn:x}y"))
    assert propfind_of(b"") == Propfind(Asked.ALL)
    assert propfind_of(b'<propfind xmlns="DAV:"><propname/></propfind>').asked is Asked.NAMES
    include = b'<propfind xmlns="DAV:"><allprop/><include><quota-used-bytes/></include></propfind>'
    assert propfind_of(include).names == ("{DAV:}quota-used-bytes",)


def test_instructions_keep_their_order_and_the_language_around_them() -> None:
    body = (
        b'<propertyupdate xmlns="DAV:" xml:lang="de"><set><prop><a xmlns="urn:x">1</a></prop></set>'
        b'<remove><prop><b xmlns="urn:x"/></prop></remove></propertyupdate>'
    )
    first, second = instructions_of(body)
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
    with pytest.raises(XmlRefusedError):
        lock_info_of(body)


def test_a_multistatus_is_well_formed_whatever_the_names_and_properties_are() -> None:
    folder = _node("root", "", Kind.FOLDER)
    members = [_node(f"n{number}", name) for number, name in enumerate(["<&>'\"", "]]>", "ü", "a" * 255])]
    listing = Listing(
        node=folder,
        path=(),
        members=tuple(members),
        ids=("root",),
        space=Space(account="a", quota_bytes=10),
        locks=(_lock(),),
        device="mine",
        at=NOON,
    )
    for asked in (Propfind(Asked.ALL), Propfind(Asked.NAMES), Propfind(Asked.NAMED, ("{urn:a&b}x", "{DAV:}getetag"))):
        written = Multistatus(addresses=AT, username="a&b", listing=listing, wanted=asked)
        root = etree.fromstring(b"".join(written.pieces()))
        assert len(root.findall("{DAV:}response")) == 5


def test_a_lock_is_shown_without_its_token_to_other_devices() -> None:
    mine, others = (LockView(addresses=AT, username="ada", device=device, at=NOON) for device in ("mine", "another"))
    assert "urn:uuid:secret" in mine.xml(_lock())
    assert "urn:uuid:secret" not in others.xml(_lock())


def test_a_lock_is_shown_with_what_is_left_of_it() -> None:
    view = LockView(addresses=AT, username="ada", device="mine", at=NOON + timedelta(milliseconds=100))
    assert "Second-60<" in view.xml(replace(_lock(), expires_at=NOON + timedelta(seconds=60)))
    assert "Second-0<" in view.xml(_lock())


def _node(node: str, name: str, kind: Kind = Kind.FILE) -> Node:
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
