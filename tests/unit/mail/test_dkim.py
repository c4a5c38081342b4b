"""DKIM: an independent verifier accepts what we sign, and nothing that was altered."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.crypto import Key, Keyring, KeyUse
from shared.crypto.keyring import _generate_rsa_key
from shared.mail import DkimSigner, EmailAddress, EmailMessage, FromAddress, compose
from shared.settings import SettingError

SIGNED_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)  # the verifier refuses what was signed in the future

SENDER = FromAddress("Candor", EmailAddress("no-reply@candor.example"))
LETTER = EmailMessage(
    kind="newsletter.issue",
    to=EmailAddress("ada@candor.example"),
    subject="Grüße, a rather long subject that has to be folded somewhere, or at least encoded",
    text="Hello  Ada \n\n\ntrailing \t blanks \n\n\n",
    html="<p>Hello</p>",
    list_unsubscribe="https://candor.example/newsletter/unsubscribe?token=" + "x" * 200,
    headers={"List-Id": "<news.candor.example>", "Reply-To": "help@candor.example"},
)
RSA = _generate_rsa_key()


def signer_of(secret: bytes) -> DkimSigner:
    key = Key(id="key_1", use=KeyUse.DKIM, created_at=SIGNED_AT, secret=secret)
    found = DkimSigner.from_keyring(Keyring([key]), "candor.example")
    assert found is not None
    return found


SIGNERS = {"rsa": signer_of(RSA), "ed25519": signer_of(bytes(range(32)))}


class _BadSignatureError(Exception):
    """PyNaCl's own."""


class _VerifyKey:
    """What dkimpy wants of PyNaCl, on ``cryptography``: the check of the curve, and nothing of DKIM."""

    def __init__(self, text: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text))

    def verify(self, message: bytes, signature: bytes) -> None:
        try:
            self._key.verify(signature, message)
        except InvalidSignature as fault:
            raise _BadSignatureError from fault


@pytest.fixture(autouse=True)
def nacl(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=_VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(BadSignatureError=_BadSignatureError, ValueError=ValueError),
    )
    monkeypatch.setattr(dkim, "nacl", stand_in, raising=False)


@pytest.fixture(params=["rsa", "ed25519"])
def signer(request: pytest.FixtureRequest) -> DkimSigner:
    return SIGNERS[request.param]


def signed(signer: DkimSigner) -> bytes:
    return compose(LETTER, SENDER, mail_id="mail_1", at=SIGNED_AT, dkim=signer)


def verified(raw: bytes, signer: DkimSigner) -> bool:
    """Ask dkimpy, which finds the key where the record says."""
    name, text = signer.dns_record().split(". IN TXT ")

    def dns(asked: bytes | str, timeout: int = 5) -> bytes:
        asked = asked.decode() if isinstance(asked, bytes) else asked
        return text.strip('"').encode() if asked.rstrip(".") == name else b""

    return bool(dkim.verify(raw, dnsfunc=dns))


def test_what_we_sign_is_verified(signer: DkimSigner) -> None:
    assert verified(signed(signer), signer)


ALTERATIONS: dict[str, Callable[[bytes], bytes]] = {
    "a letter of the body": lambda raw: raw.replace(b"Hello", b"Hallo", 1),
    "something after the body": lambda raw: raw + b"More\r\n",
    "the subject": lambda raw: re.sub(rb"Subject: .", b"Subject: x", raw, count=1),
    "the recipient": lambda raw: raw.replace(b"To: ada@", b"To: eve@", 1),
    "a second From": lambda raw: b"From: eve@candor.example\r\n" + raw,
    "a second Subject": lambda raw: b"Subject: x\r\n" + raw,
    "an added Cc": lambda raw: b"Cc: eve@candor.example\r\n" + raw,
    "the one-click address": lambda raw: raw.replace(b"unsubscribe?token=x", b"unsubscribe?token=y", 1),
    "the one-click promise": lambda raw: raw.replace(b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click", 1),
    "no one-click promise": lambda raw: raw.replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b"", 1),
    "the time of the signature": lambda raw: re.sub(rb" t=(\d+)", b" t=1", raw, count=1),
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_nothing_that_is_signed_can_be_altered(signer: DkimSigner, what: str) -> None:
    raw = signed(signer)
    altered = ALTERATIONS[what](raw)
    assert altered != raw
    assert not verified(altered, signer)


ON_THE_WAY: dict[str, Callable[[bytes], bytes]] = {
    "a trace header of a relay": lambda raw: b"Received: by relay.example\r\n" + raw,
    "blank lines at the end": lambda raw: raw + b"\r\n\r\n",
    "a header folded anew": lambda raw: raw.replace(b"Reply-To: help@", b"Reply-To:\r\n  help@", 1),
}


@pytest.mark.parametrize("what", ON_THE_WAY)
def test_what_relays_do_on_the_way_does_no_harm(signer: DkimSigner, what: str) -> None:
    altered = ON_THE_WAY[what](signed(signer))
    assert altered != signed(signer)
    assert verified(altered, signer)


def test_a_signature_of_another_key_is_not_accepted() -> None:
    assert not verified(signed(SIGNERS["ed25519"]), signer_of(bytes(32)))


def test_both_list_unsubscribe_headers_are_covered(signer: DkimSigner) -> None:
    covered = re.search(rb" h=([^;]+);", signed(signer))
    assert covered is not None
    assert {b"list-unsubscribe", b"list-unsubscribe-post"} <= set(covered[1].split(b":"))


def test_there_is_no_length_that_would_let_others_append(signer: DkimSigner) -> None:
    head = signed(signer).partition(b"\r\nFrom:")[0]
    assert b" l=" not in head


def test_an_empty_body_is_signed(signer: DkimSigner) -> None:
    raw = b"From: no-reply@candor.example\r\nTo: ada@candor.example\r\n\r\n"
    assert verified(signer.sign_message(raw, at=SIGNED_AT), signer)


def test_without_a_key_nothing_is_signed() -> None:
    assert DkimSigner.from_keyring(Keyring([]), "candor.example") is None


@pytest.mark.parametrize("secret", [b"x" * 200, _generate_rsa_key()[:-1]])
def test_a_key_that_is_none_is_a_mistake_of_the_operator(secret: bytes) -> None:
    with pytest.raises(SettingError, match="CANDOR_KEYRING"):
        signer_of(secret)
