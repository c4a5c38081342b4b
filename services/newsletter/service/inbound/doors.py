"""The addresses of the listener: which mail is taken, and what the token in an address says."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.inbound.judge import Door, TokenState
from services.newsletter.emails.links import LEAVE_PREFIX, EmailLinks
from shared.crypto import InvalidTokenError
from shared.mail import ReturnPath, ReturnPathVerifier
from shared.mail.return_path import RETURN_PATH_PREFIX

POSTMASTER = "postmaster"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRecipient:
    """An address of ours that a mail came to."""

    door: Door
    token: TokenState
    return_path: ReturnPath | None = None
    """Of a return address with a genuine token, live or expired."""
    leave_token: str = ""
    """The text after ``leave+``, whose owner is the one who can leave by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Reads the addresses that the listener takes mail for."""

    domain: str
    roles: Collection[str]
    """Local parts of addresses that people read: questions, support, security, abuse."""
    verifier: ReturnPathVerifier
    links: EmailLinks

    def resolve_recipient(self, address: str, *, at: datetime) -> InboundRecipient | None:
        """Return what *address* is; None when the listener takes no mail for it."""
        if address.lower() == POSTMASTER:  # without a domain: RFC 5321 4.5.1 asks every receiver to take it
            address = f"{POSTMASTER}@{self.domain}"
        local, _, domain = address.rpartition("@")
        local = local.lower()
        if domain.lower().rstrip(".") != self.domain:
            return None
        if local.startswith(RETURN_PATH_PREFIX):
            return self._read_return_path(local, at)
        if local.startswith(LEAVE_PREFIX):
            return self._read_leave_address(local.removeprefix(LEAVE_PREFIX))
        if local in (Door.BOUNCE, Door.LEAVE, Door.COMPLAINTS):
            return InboundRecipient(door=Door(local), token=TokenState.NONE)
        return InboundRecipient(door=Door.ROLE, token=TokenState.NONE) if local in self.roles else None

    def find_return_path(self, addresses: list[str], *, at: datetime) -> ReturnPath | None:
        """Return the first genuine return address of *addresses*; a live one before an expired one."""
        found = [path for each in addresses if (path := self.verifier.verify(each)) is not None]
        return next((path for path in found if not path.is_expired(at)), found[0] if found else None)

    def _read_return_path(self, local: str, at: datetime) -> InboundRecipient:
        path = self.verifier.verify(f"{local}@{self.domain}")
        if path is None:
            return InboundRecipient(door=Door.BOUNCE, token=TokenState.FORGED)
        return InboundRecipient(door=Door.BOUNCE, token=token_state(path, at), return_path=path)

    def _read_leave_address(self, token: str) -> InboundRecipient:
        try:
            self.links.subscription_id_of_address(token)
        except InvalidTokenError:
            return InboundRecipient(door=Door.LEAVE, token=TokenState.FORGED)
        return InboundRecipient(door=Door.LEAVE, token=TokenState.LIVE, leave_token=token)


def token_state(path: ReturnPath | None, at: datetime) -> TokenState:
    """Return the state of the token of a return address."""
    if path is None:
        return TokenState.NONE
    return TokenState.EXPIRED if path.is_expired(at) else TokenState.LIVE
