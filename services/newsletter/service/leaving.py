"""How somebody gets off a list: several doors, one ending (C10)."""

from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain import Door, Subscription, Suppression
from services.newsletter.errors import SubscriptionNotFoundError
from services.newsletter.service.letters import Letters
from services.newsletter.service.work import Forget, Transact
from services.newsletter.store import Deliveries, Subscriptions, Suppressions, Wishes
from shared.bus import Outbox
from shared.contracts import common_v1, newsletter_v1
from shared.ids import NewId
from shared.mail import Address
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure has removed, by collection, and how many proofs of leaving stay."""

    erased: dict[str, int]
    proofs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """End subscriptions: in force for the very next letter, also of a campaign under way."""

    subscriptions: Subscriptions
    suppressions: Suppressions
    wishes: Wishes
    deliveries: Deliveries
    letters: Letters
    outbox: Outbox
    transact: Transact
    forget: Forget
    new_id: NewId

    async def by_token(self, token: str, *, door: Door, at: datetime) -> None:
        """End the subscription of a letter; done before, or erased since, it is the same answer."""
        subscription_id = self.letters.subscription_in(token, at=at)

        async def work() -> None:
            found = await self.subscriptions.get(subscription_id)
            if found is not None:
                await self._end(found, door, at)

        await self.transact(work)

    async def by_owner(self, account_id: str, subscription_id: str, *, at: datetime) -> None:
        """End a subscription that is linked to this account."""

        async def work() -> None:
            found = await self.subscriptions.get(subscription_id)
            if found is None or found.account_id != account_id:
                raise SubscriptionNotFoundError
            await self._end(found, Door.ACCOUNT, at)

        await self.transact(work)

    async def by_staff(self, email: str, reason: str, *, by: str, at: datetime) -> int:
        """End all subscriptions of an address on request; return how many there were."""
        address = Address(email)

        async def work() -> int:
            found = await self.subscriptions.of_address(address.email)
            for each in found:
                await self._end(each, Door.STAFF, at, reason=reason, by=by)
            return len(found)

        return await self.transact(work)

    async def erase(self, account_id: str, *, at: datetime) -> Erased:
        """Erase what is linked to an account (C31), in the ambient transaction; proofs of leaving lose the account."""
        found = await self.subscriptions.all_of_account(account_id)
        for each in found:
            await self._end(each, Door.ERASURE, at)
        proofs = await self.suppressions.of_account(account_id)
        letters = await self.deliveries.forget(sorted({proof.subscription_id for proof in proofs}))
        wishes = await self.wishes.of_account(account_id)
        for wish in wishes:
            await self.wishes.remove(wish.wish_id)
        await self.suppressions.release(account_id)
        held: dict[str, int] = {}
        for subject in (account_id, *(each.subscriber_id for each in found), *(wish.wish_id for wish in wishes)):
            _add(held, await self.forget(subject))
        _add(held, {"subscriptions": len(found), "wishes": len(wishes), "deliveries": letters})
        return Erased(erased={name: count for name, count in held.items() if count}, proofs=len(proofs))

    async def _end(self, found: Subscription, door: Door, at: datetime, *, reason: str = "", by: str = "") -> None:
        index, was_there = await self.subscriptions.remove(found)
        if not was_there:
            return
        proof = Suppression(
            suppression_id=self.new_id("sup"),
            subscription_id=found.subscription_id,
            list_id=found.list_id,
            account_id=found.account_id,
            consent=found.consent,
            joined_at=found.joined_at,
            ended_at=at,
            door=door,
            lifted_at=None,
        )
        await self.suppressions.add(proof, index=index, reason=reason, by=by)
        fact = newsletter_v1.SubscriptionEnded(
            subscription_id=found.subscription_id, list_id=found.list_id, door=door.value
        )
        fact.ended_at.FromDatetime(at)
        await self.outbox.put(fact, subject=found.subscription_id)
        if by and found.account_id:
            await self._shown(proof, by, at=at)

    async def _shown(self, proof: Suppression, by: str, *, at: datetime) -> None:
        """Tell the ledger that staff has learned that the address was on a list; the proof holds what was written."""
        fact = common_v1.DataShown(
            entry_id=self.new_id("led"),
            account_id=proof.account_id,
            reader_kind="staff",
            reader_id=by,
            fields=["newsletter.subscriptions.address_index"],
            purpose=Purpose.SUPPORT,
            basis=proof.suppression_id,
        )
        fact.shown_at.FromDatetime(at)
        await self.outbox.put(fact, subject=proof.account_id)


def _add(total: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count
