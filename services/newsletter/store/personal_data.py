"""What the collections of newsletter share: the uses of an account's data, and the blind indexes of an address."""

from dataclasses import dataclass
from typing import Any

from services.newsletter.domain.subscriptions.addresses import fold_address, loosen_address
from shared.crypto import Vault
from shared.policy import Purpose

USES = {Purpose.NEWSLETTER, Purpose.ACCOUNT, Purpose.EXPORT, Purpose.ERASURE}
"""The purposes of what belongs to a subscription."""

_SLICE_CHARS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressIndexes:
    """The blind indexes under which one address is found."""

    exact: str
    """The same for one spelling: joining distinguishes spellings."""
    folded: str
    """The same for all letter cases: leaving and suppressions find each of them."""


def index_address(vault: Vault, email: str) -> AddressIndexes:
    """Return the blind indexes of an address."""
    return AddressIndexes(exact=address_index(vault, email), folded=folded_index(vault, email))


def address_index(vault: Vault, email: str) -> str:
    """Return the blind index of one spelling of an address, the same in all collections of newsletter."""
    return vault.blind_index("newsletter.address", email)


def folded_index(vault: Vault, email: str) -> str:
    """Return the blind index of an address in any letter case."""
    return vault.blind_index("newsletter.address.folded", fold_address(email))


def similar_index(vault: Vault, email: str) -> str:
    """Return the blind index of all addresses that look alike; for hints to staff only."""
    return vault.blind_index("newsletter.address.similar", loosen_address(email))


def slice_filter(start_id: str) -> dict[str, Any]:
    """Return the filter of the ids that begin like *start_id*: ids are random, so about a thousandth of a collection.

    It stays within the index of the ids, which the embedded server leaves for a sort without a filter.
    """
    prefix = start_id[: start_id.index("_") + 1 + _SLICE_CHARS]
    return {"_id": {"$gte": prefix, "$lt": f"{prefix}~"}}
