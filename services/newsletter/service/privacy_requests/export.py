"""Exports what newsletter stores of an account (C26)."""

import json
from dataclasses import dataclass
from typing import Any

from services.newsletter.domain.subscriptions.consent import CONSENT_TEXTS, Consent
from services.newsletter.domain.subscriptions.subscriptions import NewsletterRecipient, Subscription
from services.newsletter.store import CampaignDeliveries, MailingLists, Subscriptions, Suppressions
from shared.clock import rfc3339
from shared.policy import Purpose
from shared.privacy import ExportPage

_EXPORT_PAGE_SIZE = 2_000
"""Lines of 150 bytes: a page stays below the 1 MiB of a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionDetails:
    """A subscription with its address and the name of its list."""

    recipient: NewsletterRecipient
    list_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExport:
    """Reads the subscriptions, suppressions and deliveries of an account.

    An opt-in request belongs to no account before its confirmation: the customer who typed the address need not own it.
    """

    lists: MailingLists
    subscriptions: Subscriptions
    suppressions: Suppressions
    deliveries: CampaignDeliveries

    async def list_subscriptions(self, account_id: str) -> list[SubscriptionDetails]:
        """Return the subscriptions of an account."""
        found = await self.subscriptions.list_recipients_by_account(account_id, Purpose.ACCOUNT)
        names = await self.lists.get_names({each.subscription.list_id for each in found})
        return [
            SubscriptionDetails(recipient=each, list_name=names.get(each.subscription.list_id, "")) for each in found
        ]

    async def export_page(self, account_id: str, cursor: str) -> ExportPage:
        """Return one page: the subscriptions, then the deliveries (C26)."""
        if not cursor:
            content = json.dumps(await self._export_overview(account_id), indent=2, ensure_ascii=False)
            return ExportPage([("data.json", content.encode())], "deliveries")
        return await self._export_deliveries(account_id, after=cursor.removeprefix("deliveries").removeprefix(":"))

    async def _export_overview(self, account_id: str) -> dict[str, Any]:
        found = await self.subscriptions.list_recipients_by_account(account_id, Purpose.EXPORT)
        ended = await self.suppressions.list_by_account(account_id)
        names = await self.lists.get_names(
            {each.subscription.list_id for each in found} | {each.list_id for each in ended}
        )
        return {
            "subscriptions": [
                {
                    "subscription_id": each.subscription.subscription_id,
                    "list": names.get(each.subscription.list_id, ""),
                    "email": each.email,
                    "consent": _consent_evidence(each.subscription.consent, names.get(each.subscription.list_id, "")),
                    "suspended": _describe_suspension(each.subscription),
                }
                for each in found
            ],
            "unsubscribed": [
                {
                    "subscription_id": each.subscription_id,
                    "list": names.get(each.list_id, ""),
                    "consent": _consent_evidence(each.consent, names.get(each.list_id, "")),
                    "unsubscribed_at": rfc3339(each.unsubscribed_at),
                    "method": each.method.value,
                }
                for each in ended
            ],
        }

    async def _export_deliveries(self, account_id: str, *, after: str) -> ExportPage:
        """Return deliveries as JSON Lines."""
        ids = {each.subscription_id for each in await self.subscriptions.list_by_account(account_id)}
        ids |= {each.subscription_id for each in await self.suppressions.list_by_account(account_id)}
        found = await self.deliveries.list_by_subscriptions(sorted(ids), after=after, limit=_EXPORT_PAGE_SIZE)
        lines = (
            json.dumps(
                {
                    "campaign_id": delivery.campaign_id,
                    "subscription_id": delivery.subscription_id,
                    "state": delivery.state.value,
                    "completed_at": rfc3339(delivery.completed_at) if delivery.completed_at else None,
                }
            )
            for delivery in found
        )
        more = f"deliveries:{found[-1].delivery_id}" if len(found) == _EXPORT_PAGE_SIZE else ""
        content = "".join(f"{line}\n" for line in lines).encode()
        return ExportPage([("deliveries.jsonl", content)], more)


def _consent_evidence(consent: Consent, list_name: str) -> dict[str, str]:
    return {
        "version": consent.consent_version,
        "text": CONSENT_TEXTS[consent.consent_version].render(list_name),
        "source": consent.source.value,
        "requested_at": rfc3339(consent.requested_at),
        "confirmed_at": rfc3339(consent.confirmed_at),
    }


def _describe_suspension(subscription: Subscription) -> dict[str, str] | None:
    if subscription.suspended_at is None or subscription.suspension_reason is None:
        return None
    return {"since": rfc3339(subscription.suspended_at), "reason": subscription.suspension_reason.value}
