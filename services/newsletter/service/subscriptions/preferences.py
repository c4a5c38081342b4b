"""The lists with the state of one account on each."""

from dataclasses import dataclass

from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.domain.subscriptions.subscriptions import Subscription
from services.newsletter.errors import ListNotFoundError
from services.newsletter.store import MailingLists, Subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPreference:
    """A list, and the subscription of the account to it."""

    mailing_list: MailingList
    subscription: Subscription | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceService:
    """Reads lists for frontends."""

    lists: MailingLists
    subscriptions: Subscriptions

    async def get_list(self, list_id: str) -> MailingList:
        """Return a list; raises ListNotFoundError."""
        found = await self.lists.get(list_id)
        if found is None:
            raise ListNotFoundError
        return found

    async def list_preferences(self, account_id: str, *, after: str | None, limit: int) -> list[ListPreference]:
        """Return up to *limit* lists after the id *after*, each with the newest subscription of the account."""
        own: dict[str, Subscription] = {}
        for each in await self.subscriptions.list_by_account(account_id):
            known = own.get(each.list_id)
            if known is None or known.subscribed_at < each.subscribed_at:
                own[each.list_id] = each
        lists = await self.lists.list_page(after=after, limit=limit)
        return [ListPreference(mailing_list=each, subscription=own.get(each.list_id)) for each in lists]
