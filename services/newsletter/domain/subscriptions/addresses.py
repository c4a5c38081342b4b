"""Spellings of an address: how one is read, found in another spelling, and masked."""

import unicodedata
from dataclasses import dataclass
from email.utils import parseaddr

from services.newsletter.errors import OwnAddressError


def extract_address(text: str) -> str:
    """Return the address in what a person pasted: ``Bob <bob@customers.example>``, ``mailto:…``, blanks around it.

    A text of another form is returned as it is: the validation of the address then says what is wrong.
    """
    pasted = text.strip()
    if pasted[:7].lower() == "mailto:":
        pasted = pasted[7:].partition("?")[0].strip()
    if pasted.endswith(">"):
        return parseaddr(pasted)[1] or pasted
    return pasted


def fold_address(email: str) -> str:
    """Return the address without regard to letter case: the same for all spellings that reach one mailbox in practice.

    RFC 5321 lets a host distinguish letter case in the local part, so joining is exact. Leaving is not: a letter after
    an unsubscription is worse than one letter too few.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", email).lower())


def loosen_address(email: str) -> str:
    """Return the folded address without dots and ``+tag`` in its local part: the same for addresses that look alike.

    For hints only. With most providers they are different mailboxes, so nothing is ever ended by it.
    """
    local, _, domain = fold_address(email).rpartition("@")
    bare = local.partition("+")[0].replace(".", "")
    return f"{bare or local}@{domain}"


def mask_address(email: str) -> str:
    """Return the address such that only its owner recognizes it: ``b…@c….example``."""
    local, _, domain = email.rpartition("@")
    name, dot, top = domain.rpartition(".")
    return f"{local[:1]}…@{(name or top)[:1]}…{dot}{top if name else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """Which addresses may subscribe: none that a program of the platform reads, since that would make a loop."""

    inbound_domain: str | None
    """The domain of return addresses and unsubscriptions by mail, in ASCII; None where no listener runs."""
    sender: str
    """The address of the From header."""

    def reject_own_address(self, email: str, domain: str) -> None:
        """Raise OwnAddressError if *email*, whose *domain* is given in ASCII, is one of the platform."""
        if domain == self.inbound_domain or fold_address(email) == fold_address(self.sender):
            raise OwnAddressError
