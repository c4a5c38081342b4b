"""What is held of an account, for its owner to see and to take along (C26)."""

import json
from dataclasses import dataclass
from typing import Any

from services.newsletter.domain import WORDINGS, Consent, Recipient
from services.newsletter.store import Deliveries, Lists, Subscriptions, Suppressions, Wishes
from shared.clock import rfc3339
from shared.policy import Purpose

_LETTERS = 2_000
"""On one page of an export; a line is 150 bytes, a page holds a mebibyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A subscription as its owner sees it."""

    recipient: Recipient
    list_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Reads what is linked to an account."""

    lists: Lists
    wishes: Wishes
    subscriptions: Subscriptions
    suppressions: Suppressions
    deliveries: Deliveries

    async def mine(self, account_id: str) -> list[Held]:
        """Return the subscriptions that are linked to an account."""
        found = await self.subscriptions.of_account(account_id, Purpose.ACCOUNT)
        names = await self.lists.names({each.subscription.list_id for each in found})
        return [Held(recipient=each, list_name=names.get(each.subscription.list_id, "")) for each in found]

    async def page(self, account_id: str, cursor: str) -> tuple[str, bytes, str]:
        """Return one page of an export: the path of its file, its content, and the next cursor, empty at the end."""
        if not cursor:
            content = json.dumps(await self._overview(account_id), indent=2, ensure_ascii=False)
            return "data.json", content.encode(), "letters"
        return await self._letters(account_id, after=cursor.removeprefix("letters").removeprefix(":"))

    async def _overview(self, account_id: str) -> dict[str, Any]:
        found = await self.subscriptions.of_account(account_id, Purpose.EXPORT)
        ended = await self.suppressions.of_account(account_id)
        asked = await self.wishes.of_account(account_id)
        opened = [each for wish in asked if (each := await self.wishes.open(wish.wish_id, Purpose.EXPORT))]
        ids = {each.subscription.list_id for each in found} | {each.list_id for each in ended}
        names = await self.lists.names(ids | {wish.list_id for wish in asked})
        return {
            "subscriptions": [
                {
                    "subscription_id": each.subscription.subscription_id,
                    "list": names.get(each.subscription.list_id, ""),
                    "email": each.email,
                    "consent": _evidence(each.subscription.consent, names.get(each.subscription.list_id, "")),
                }
                for each in found
            ],
            "ended": [
                {
                    "subscription_id": each.subscription_id,
                    "list": names.get(each.list_id, ""),
                    "consent": _evidence(each.consent, names.get(each.list_id, "")),
                    "ended_at": rfc3339(each.ended_at),
                    "door": each.door.value,
                }
                for each in ended
            ],
            "not_confirmed": [
                {"list": names.get(wish.list_id, ""), "email": email, "asked_at": rfc3339(wish.asked_at)}
                for wish, email in opened
            ],
        }

    async def _letters(self, account_id: str, *, after: str) -> tuple[str, bytes, str]:
        """The letters that were sent, a line each."""
        ids = {each.subscription_id for each in await self.subscriptions.all_of_account(account_id)}
        ids |= {each.subscription_id for each in await self.suppressions.of_account(account_id)}
        found = await self.deliveries.of(sorted(ids), after=after, most=_LETTERS)
        lines = (
            json.dumps(
                {
                    "campaign_id": letter.campaign_id,
                    "subscription_id": letter.subscription_id,
                    "state": letter.state.value,
                    "settled_at": rfc3339(letter.settled_at) if letter.settled_at else None,
                }
            )
            for _, letter in found
        )
        more = f"letters:{found[-1][0]}" if len(found) == _LETTERS else ""
        return "letters.jsonl", "".join(f"{line}\n" for line in lines).encode(), more


def _evidence(consent: Consent, list_name: str) -> dict[str, str]:
    return {
        "version": consent.wording,
        "text": WORDINGS[consent.wording].shown(list_name),
        "how": consent.how.value,
        "asked_at": rfc3339(consent.asked_at),
        "confirmed_at": rfc3339(consent.confirmed_at),
    }
