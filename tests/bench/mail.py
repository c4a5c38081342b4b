"""Mail: composing and signing one newsletter after the other, against the standard library and one bare signature."""

from email.message import EmailMessage as MimeMessage

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from shared.clock import monotonic, utc_now
from shared.mail import DkimSigner, EmailAddress, EmailMessage, FromAddress, compose
from tests.bench.figure import Area, Bench, Figure

AREA = Area("mail")

COUNT = 300
AT = utc_now()
SENDER = FromAddress("Candor", EmailAddress("news@candor.example"))
TEXT = "Dear reader,\n\n" + "This month there is a lot to tell of. " * 60 + "\n"
HTML = f"<p>{TEXT}</p>"


@AREA.measures
async def composing(_: Bench) -> list[Figure]:
    """Compose and sign 300 newsletters of 5 kB."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    signer = DkimSigner(domain="candor.example", selector="bench", key=key)
    letters = [
        EmailMessage(
            kind="newsletter.issue",
            to=EmailAddress(f"reader{number}@candor.example"),
            subject="News of this month",
            text=TEXT,
            html=HTML,
            list_unsubscribe=f"https://candor.example/u?token={number:0200}",
        )
        for number in range(COUNT)
    ]
    began = monotonic()
    for letter in letters:
        compose(letter, SENDER, mail_id="mail_1", at=AT, dkim=signer)
    ours = COUNT / (monotonic() - began)
    began = monotonic()
    for letter in letters:
        bare(letter, key)
    reference = COUNT / (monotonic() - began)
    return [
        Figure(
            name="mail composed and signed",
            ours=ours,
            reference=reference,
            unit="mails/s",
            note="MimeMessage of the same parts, and one bare RSA signature of its bytes",
        )
    ]


def bare(letter: EmailMessage, key: RSAPrivateKey) -> bytes:
    """Do the same with the standard library, without DKIM's canonical form."""
    message = MimeMessage()
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    message["From"], message["To"], message["Subject"] = "news@candor.example", letter.to.email, letter.subject
    message["List-Unsubscribe"] = f"<{letter.list_unsubscribe}>"
    raw = message.as_bytes()
    return key.sign(raw, PKCS1v15(), SHA256()) + raw
