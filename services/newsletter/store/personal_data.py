"""What the collections of newsletter share: the uses of an account's data, and the blind index of an address."""

from shared.crypto import Vault
from shared.policy import Purpose

USES = {Purpose.NEWSLETTER, Purpose.ACCOUNT, Purpose.EXPORT, Purpose.ERASURE}
"""The purposes of what belongs to a subscription."""


def address_index(vault: Vault, email: str) -> str:
    """Return the blind index of an address, the same in all collections of newsletter."""
    return vault.blind_index("newsletter.address", email)
