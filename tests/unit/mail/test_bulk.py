"""An email to many is spliced together, and differs from a composed one in nothing that a reader or a verifier sees."""

import quopri
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage as MimeMessage
from email.policy import SMTPUTF8

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto import Key, Keyring, KeyUse
from shared.crypto.keyring import _generate_rsa_key
from shared.mail import BulkComposer, BulkEmail, BulkRecipient, DkimSigner, EmailAddress, FromAddress, build_slot
from shared.mail.bulk import _encode_text, _encode_value
from tests.support.dkim_checks import check_with_dkimpy, check_with_opendkim, opendkim_is_installed

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
SENDER = FromAddress("Candor", EmailAddress("news@candor.example"))
KEY = Key(id="key_1", use=KeyUse.DKIM, created_at=AT, secret=_generate_rsa_key())
SIGNER = DkimSigner.from_keyring(Keyring([KEY]), "candor.example")
NAME, URL = build_slot("list_name"), build_slot("unsubscribe_url")
EMAIL = BulkEmail(
    template_id="cmp_1",
    kind="newsletter.campaign",
    subject="Grüße aus dem Werk, und eine sehr lange Überschrift, die in mehr als ein kodiertes Wort passen muss",
    text=f"Hello  {NAME},\n\n.\nFrom here  on \t\nit is é{NAME}é.\n\n-- \nLeave: {URL}\n\n\n",
    html=f'<p>Hello {NAME}</p>\n<p><a href="{URL}">Leave</a>   now</p>',
    headers={"List-Id": "<news.candor.example>"},
)
RECIPIENT = BulkRecipient(
    mail_id="mail_1",
    to="ada@candor.example",
    list_unsubscribe=f"<https://candor.example/u/{'t' * 180}>, <mailto:leave+{'t' * 53}@in.candor.example>",
    values={"list_name": "News & <more> = é", "unsubscribe_url": f"https://candor.example/u?a=1&t={'=x' * 90}"},
)


def composed(recipient: BulkRecipient = RECIPIENT, email: BulkEmail = EMAIL) -> bytes:
    return BulkComposer(email, SENDER, at=AT, dkim=SIGNER).render(recipient)


def read(raw: bytes) -> MimeMessage:
    message = message_from_bytes(raw, policy=SMTPUTF8)
    assert isinstance(message, MimeMessage)
    assert message.defects == []
    return message


def test_what_is_spliced_is_read_as_it_was_written() -> None:
    message = read(composed())
    text, html = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())
    values = RECIPIENT.values
    assert text.rstrip("\n") == EMAIL.text.replace(NAME, values["list_name"]).replace(
        URL, values["unsubscribe_url"]
    ).rstrip("\n")
    assert "<p>Hello News &amp; &lt;more&gt; = é</p>" in html
    assert "a=1&amp;t==x" in html
    assert message["Subject"] == EMAIL.subject
    assert message["To"] == "ada@candor.example"
    assert message["Message-ID"] == "<mail_1@candor.example>"


def test_N02_the_signature_is_accepted_by_two_verifiers_and_covers_both_list_unsubscribe_fields() -> None:
    assert SIGNER is not None
    raw = composed()
    assert check_with_dkimpy(raw, SIGNER)
    covered = re.search(rb" h=([^;]+);", raw)
    assert covered is not None
    assert {b"list-unsubscribe", b"list-unsubscribe-post"} <= set(covered[1].split(b":"))


@pytest.mark.skipif(not opendkim_is_installed(), reason="needs opendkim-testmsg")
def test_N02_opendkim_accepts_the_signature_and_refuses_an_altered_email() -> None:
    assert SIGNER is not None
    raw = composed()
    assert check_with_opendkim(raw, SIGNER) == ""
    assert check_with_opendkim(raw.replace(b"Leave:", b"Stay:", 1), SIGNER) != ""


def test_N02_list_unsubscribe_is_one_line_https_first_then_mailto() -> None:
    lines = composed().split(b"\r\n")
    assert f"List-Unsubscribe: {RECIPIENT.list_unsubscribe}".encode() in lines
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines


@pytest.mark.parametrize(
    "value", ["<https://a.example/" + "x" * 990 + ">", "<https://a.example>\r\nBcc: eve@a.example"]
)
def test_N14_a_list_unsubscribe_that_is_too_long_or_not_one_line_is_refused(value: str) -> None:
    recipient = BulkRecipient(
        mail_id="mail_1", to="ada@candor.example", list_unsubscribe=value, values=RECIPIENT.values
    )
    with pytest.raises(ValueError, match="one line"):
        composed(recipient)


def test_N08_the_same_recipient_gets_the_same_bytes_from_another_process() -> None:
    assert composed() == composed()


def test_the_body_is_seven_bit_in_short_lines_that_no_relay_rewrites() -> None:
    head, _, body = composed().partition(b"\r\n\r\n")
    assert body.isascii()
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert b"\n" not in (head + body).replace(b"\r\n", b"")
    assert not any(line.startswith((b".", b"From ")) or line != line.rstrip() for line in body.split(b"\r\n"))


def test_an_international_address_stands_in_the_header_as_it_is() -> None:
    raw = composed(
        BulkRecipient(
            mail_id="mail_1",
            to="áda@xn--bcher-kva.example",
            list_unsubscribe="<https://a.example>",
            values=RECIPIENT.values,
        )
    )
    assert "To: áda@xn--bcher-kva.example\r\n".encode() in raw


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\ue000\ue001"), max_size=300))
def test_any_text_survives_the_encoding(text: str) -> None:
    encoded = _encode_text(text)
    assert quopri.decodestring(encoded).decode().replace("\r\n", "\n") == text
    assert max(map(len, encoded.split(b"\r\n"))) <= 76
    assert not re.search(rb"  |[ \t]\r\n|[ \t]$|\t", encoded)


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=300))
def test_any_value_survives_the_encoding(value: str) -> None:
    encoded = _encode_value(value)
    assert quopri.decodestring(encoded) == value.encode()
    *folded, last = encoded.split(b"\r\n")
    assert max(map(len, folded), default=0) <= 76
    assert len(last) <= 75, "a soft break follows"
    assert b" " not in encoded
