"""Mail: splicing and signing one newsletter after the other, against bare signatures and the general way to compose."""

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from shared.clock import monotonic, utc_now
from shared.mail import (
    BulkComposer,
    BulkEmail,
    BulkRecipient,
    DkimSigner,
    EmailAddress,
    EmailMessage,
    FromAddress,
    build_slot,
    compose,
)
from tests.bench.figure import Area, Bench, Figure, ratio_at_least

AREA = Area("mail")

COUNT = 600
ROUNDS = 3
AT = utc_now()
SENDER = FromAddress("Candor", EmailAddress("news@candor.example"))
TEXT = "Dear reader,\n\n" + "This month there is a lot to tell of. " * 60 + "\n"
HTML = f"<p>{TEXT}</p>"
URL = "https://candor.example/u?token="
EMAIL = BulkEmail(
    template_id="cmp_bench",
    kind="newsletter.issue",
    subject="News of this month",
    text=f"{TEXT}\n-- \nLeave: {build_slot('url')}\n",
    html=f'{HTML}\n<p><a href="{build_slot("url")}">Leave</a></p>',
)


@AREA.measures
async def composing(_: Bench) -> list[Figure]:
    """Splice and sign newsletters of 5 kB, in turn with as many bare signatures and with the general way."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    signer = DkimSigner(domain="candor.example", selector="bench", key=key)
    composer = BulkComposer(EMAIL, SENDER, at=AT, dkim=signer)
    recipients = [make_recipient(number) for number in range(COUNT)]
    letters = [make_letter(number) for number in range(COUNT // 4)]
    spliced = bare = composed = 0.0
    for _round in range(ROUNDS):
        began = monotonic()
        for recipient in recipients:
            composer.render(recipient)
        spliced += monotonic() - began
        began = monotonic()
        for number in range(COUNT):
            sign_bare(key, number)
        bare += monotonic() - began
        began = monotonic()
        for letter in letters:
            compose(letter, SENDER, mail_id="mail_1", at=AT, dkim=signer)
        composed += monotonic() - began
    ours = ROUNDS * COUNT / spliced
    return [
        Figure(
            name="mail composed and signed",
            ours=ours,
            reference=ROUNDS * COUNT / bare,
            unit="mails/s",
            goal=ratio_at_least(0.65),
            note="bare RSA-2048 signatures of 300 bytes, in turn",
        ),
        Figure(
            name="a newsletter spliced and signed",
            ours=ours,
            reference=ROUNDS * len(letters) / composed,
            unit="mails/s",
            goal=ratio_at_least(2.0),
            note="compose() and sign_message(), the way of single mails",
        ),
    ]


def make_recipient(number: int) -> BulkRecipient:
    """Return what differs in one copy."""
    return BulkRecipient(
        mail_id=f"mail_{number:026}",
        to=f"reader{number}@candor.example",
        list_unsubscribe=f"<https://candor.example/u/{number:0200}>",
        values={"url": f"{URL}{number:0200}"},
    )


def make_letter(number: int) -> EmailMessage:
    """Return the same newsletter as a single mail."""
    return EmailMessage(
        kind="newsletter.issue",
        to=EmailAddress(f"reader{number}@candor.example"),
        subject=EMAIL.subject,
        text=f"{TEXT}\n-- \nLeave: {URL}{number:0200}\n",
        html=f'{HTML}\n<p><a href="{URL}{number:0200}">Leave</a></p>',
        list_unsubscribe=f"https://candor.example/u/{number:0200}",
    )


def sign_bare(key: RSAPrivateKey, number: int) -> bytes:
    """Sign what a DKIM signature covers, and do nothing else."""
    return key.sign(b"%0300d" % number, PKCS1v15(), SHA256())
