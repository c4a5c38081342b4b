"""Email addresses: validated and normalized, without provider-specific rules (dots and tags are kept)."""

from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Self
from unicodedata import normalize

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from shared.errors import FieldProblem, InvalidInputError
from shared.settings import SettingError


class InvalidEmailAddressError(InvalidInputError):
    """This is not a valid email address."""

    code = "mail.address.invalid"
    remedy = "Enter one address, such as ada@example.org."


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """One mailbox, in Unicode NFC. The domain is lower-cased; the local part keeps its case, dots and tags."""

    email: str
    domain: str = field(init=False, repr=False, compare=False)
    """The domain in ASCII (IDNA)."""

    def __post_init__(self) -> None:
        validated = _validate(self.email)
        object.__setattr__(self, "email", validated.normalized)
        object.__setattr__(self, "domain", validated.ascii_domain)

    @property
    def local_part(self) -> str:
        """The part before the @, in its original spelling."""
        return self.email.rpartition("@")[0]

    @property
    def addr_spec(self) -> str:
        """The address for SMTP (RFC 5321), with the domain in ASCII."""
        return f"{self.local_part}@{self.domain}"

    @property
    def lookup_key(self) -> str:
        """What all spellings of one mailbox share: the local part in lower case, the domain as the DNS spells it.

        Lower case, not case folding: folding makes *ß* and *ss* one letter, which are two domains with two owners.
        """
        return f"{normalize('NFC', self.local_part.lower())}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Return whether the local part needs a relay with SMTPUTF8 (RFC 6531)."""
        return not self.local_part.isascii()

    def __str__(self) -> str:
        return self.email


@dataclass(frozen=True, slots=True)
class FromAddress:
    """The sender of an email: display name and address, and the address for answers."""

    name: str
    address: EmailAddress
    reply_to: EmailAddress | None = None

    @classmethod
    def parse(cls, text: str, reply_to: str = "") -> Self:
        """Read the settings CANDOR_MAIL_FROM (``Candor <no-reply@candor.example>``) and CANDOR_MAIL_REPLY_TO.

        Without the second, answers go to support@ of the sender's domain: a customer answers a no-reply address, too.
        """
        name, email = parseaddr(text)
        try:
            address = EmailAddress(email)
        except InvalidEmailAddressError as fault:
            raise SettingError(f"CANDOR_MAIL_FROM={text!r} is not like Candor <no-reply@candor.example>") from fault
        if address.needs_smtputf8 or not name.isprintable():
            raise SettingError(f"CANDOR_MAIL_FROM={text!r}: the address must be ASCII, the name one line")
        return cls(name, address, _parse_reply_to(reply_to or f"support@{address.domain}"))


def _parse_reply_to(text: str) -> EmailAddress:
    try:
        address = EmailAddress(text)
    except InvalidEmailAddressError as fault:
        raise SettingError(f"CANDOR_MAIL_REPLY_TO={text!r} is not like support@candor.example") from fault
    if address.needs_smtputf8:
        raise SettingError(f"CANDOR_MAIL_REPLY_TO={text!r}: the address must be ASCII")
    return address


def _validate(text: str) -> ValidatedEmail:
    try:
        # Reserved names (.example, localhost) are allowed: the verification email proves that an address exists.
        return validate_email(text, check_deliverability=False, globally_deliverable=False, strict=True)
    except EmailNotValidError as fault:
        problem = FieldProblem(field="email", code="invalid", message=str(fault))
        raise InvalidEmailAddressError(fields=(problem,)) from fault
