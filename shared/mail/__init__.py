"""Mail: for exactly one recipient, signed, queued sealed beside the change that causes it, tried until settled."""

from shared.mail.address import Address, InvalidAddressError, Sender
from shared.mail.compose import compose
from shared.mail.dkim import Signer
from shared.mail.letter import Letter
from shared.mail.post import MailLog, MailRow, Post, State
from shared.mail.postman import Pace, Postman
from shared.mail.relay import Relay, RelayUrl

__all__ = [
    "Address",
    "InvalidAddressError",
    "Letter",
    "MailLog",
    "MailRow",
    "Pace",
    "Post",
    "Postman",
    "Relay",
    "RelayUrl",
    "Sender",
    "Signer",
    "State",
    "compose",
]
