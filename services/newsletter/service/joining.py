"""How somebody gets onto a list: a wish, a mail, and the confirmation of whoever reads it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from services.newsletter.domain import CURRENT, Cooldown, How, NewsList, Subscription, Wish
from services.newsletter.errors import ListNotFoundError
from services.newsletter.service.letters import Letters
from services.newsletter.service.work import Forget, Transact
from services.newsletter.store import Lists, Subscriptions, Suppressions, Wishes
from shared.bus import Outbox
from shared.contracts import newsletter_v1
from shared.crypto import LinkRefusedError
from shared.ids import NewId
from shared.mail import Address, Post
from shared.mongo import DuplicateError
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """Make lists, take wishes, confirm them (double opt-in)."""

    lists: Lists
    wishes: Wishes
    subscriptions: Subscriptions
    suppressions: Suppressions
    letters: Letters
    post: Post
    outbox: Outbox
    transact: Transact
    forget: Forget
    new_id: NewId
    confirm_within: timedelta
    cooldown: Cooldown

    async def make_list(self, name: str, description: str, *, operation: str, at: datetime) -> NewsList:
        """Make a list that people can join."""
        made = NewsList(list_id=self.new_id("lst"), name=name, description=description, created_at=at)
        return await self.lists.add(made, operation=operation)

    async def all_lists(self, *, after: str | None, most: int) -> list[NewsList]:
        """Return up to *most* lists after the id *after*."""
        return await self.lists.page(after=after, most=most)

    async def ask(self, list_id: str, email: str, *, account_id: str, at: datetime) -> None:
        """Take a wish and mail its confirmation. Who is subscribed is not even looked at: there is nothing to tell."""
        news = await self.lists.get(list_id)
        if news is None:
            raise ListNotFoundError
        to = Address(email)
        wish = Wish(
            wish_id=self.new_id("wish"),
            list_id=list_id,
            account_id=account_id,
            wording=CURRENT.version,
            how=How.ACCOUNT if account_id else How.PAGE,
            asked_at=at,
            expires_at=at + self.confirm_within,
        )
        # Two at once: the other one has asked for the same, and its mail is on the way.
        with suppress(DuplicateError):
            await self.transact(lambda: self._take(wish, news, to))

    async def confirm(self, token: str, *, at: datetime) -> tuple[Subscription, NewsList]:
        """Make the subscriber; a token works once. LinkRefusedError when it was used, is too old, or none of ours."""
        wish_id = self.letters.wish_in(token, at=at)
        made = await self.transact(lambda: self._confirmed(wish_id, at))
        news = await self.lists.get(made.list_id)
        if news is None:
            raise ListNotFoundError
        return made, news

    async def forget_expired(self, *, at: datetime) -> int:
        """Forget the wishes that nobody has confirmed in time, keys and all; return how many."""
        expired = await self.wishes.expired(at)
        for wish_id in expired:
            await self.transact(partial(self._drop, wish_id))
        return len(expired)

    async def _take(self, wish: Wish, news: NewsList, to: Address) -> None:
        asked = await self.wishes.of_address(to.email)
        if not self.cooldown.allows(asked, wish.list_id, wish.asked_at):
            return
        for older in asked:
            if older.list_id == wish.list_id:
                await self._drop(older.wish_id)
        await self.wishes.add(wish, to.email)
        letter = self.letters.confirmation(news, wish, to)
        # Under the key of the wish: what still waits in the queue goes with it.
        await self.post.put(
            letter, subject=wish.wish_id, purpose=Purpose.NEWSLETTER, keep_trying=wish.expires_at - wish.asked_at
        )

    async def _confirmed(self, wish_id: str, at: datetime) -> Subscription:
        opened = await self.wishes.open(wish_id, Purpose.NEWSLETTER)
        if opened is None:
            raise LinkRefusedError
        wish, email = opened
        await self._drop(wish_id)
        made = await self._joined(wish, email, at)
        fact = newsletter_v1.SubscriptionConfirmed(subscription_id=made.subscription_id, list_id=made.list_id)
        fact.confirmed_at.FromDatetime(at)
        await self.outbox.put(fact, subject=made.subscription_id)
        return made

    async def _joined(self, wish: Wish, email: str, at: datetime) -> Subscription:
        consent = wish.confirmed(at)
        found = await self.subscriptions.on_list(wish.list_id, email)
        if found is not None:
            await self.subscriptions.confirm_again(found.subscription_id, consent, account_id=wish.account_id)
            return found
        # The same person joins again: under the same id, so that the links in all of the old letters still work.
        before = await self.suppressions.last(wish.list_id, email)
        if before is not None:
            await self.suppressions.lift(before.suppression_id, at)
        made = Subscription(
            subscription_id=before.subscription_id if before else self.new_id("sub"),
            subscriber_id=self.new_id("ssb"),
            list_id=wish.list_id,
            account_id=wish.account_id,
            consent=consent,
            joined_at=at,
        )
        await self.subscriptions.add(made, email)
        return made

    async def _drop(self, wish_id: str) -> None:
        if await self.wishes.remove(wish_id):
            await self.forget(wish_id)
