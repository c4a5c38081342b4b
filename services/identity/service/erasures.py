"""The erasure saga (C31): the account is closed at once, each service erases and gives a receipt, identity last."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.identity.domain.requests import (
    AFTER_A_HOLD,
    ASK_AGAIN_AFTER,
    CHILD_DEADLINE,
    ErasureState,
    Kept,
    deadline_of,
)
from services.identity.errors import AccountNotFoundError, ErasureNotFoundError
from services.identity.service.app_passwords import Devices
from services.identity.service.holding_back import OWN, HoldingBack
from services.identity.service.log_ins import LogIns
from services.identity.service.own_security import OwnSecurity
from services.identity.service.sessions import LiveSessions
from services.identity.service.transact import Transact
from services.identity.store import (
    Account,
    Accounts,
    Acts,
    Credentials,
    Erasure,
    ErasureLedger,
    Erasures,
    Exports,
    Guesses,
    MailGaps,
    Receipt,
    Remains,
    Resets,
)
from services.identity.store.letters import Letters
from services.identity.store.staff_letters import StaffLetters
from shared import observe
from shared.bus import Outbox
from shared.contracts import identity_v1
from shared.ids import NewId
from shared.policy import Purpose

log = observe.logger(__name__)

Tell = Callable[[Erasure, str], Awaitable[None]]
"""Writes to the address of an account that an erasure has begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An erasure and its receipts."""

    erasure: Erasure
    receipts: list[Receipt]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What identity itself holds of an account, and how it goes: what opens doors at once, the rest at the end."""

    accounts: Accounts
    credentials: Credentials
    exports: Exports
    gaps: MailGaps
    guesses: Guesses
    live: LiveSessions
    devices: Devices
    security: OwnSecurity
    resets: Resets
    acts: Acts
    ledger: ErasureLedger
    remains: Remains
    """Whatever else any collection holds: what is added to the service later goes as well."""
    forget: Callable[[str], Awaitable[dict[str, int]]]
    """Erases what the chassis holds of an account, its key last (``Chassis.forget``)."""

    async def close(self, account: Account, *, at: datetime) -> Counter[str]:
        """Take everything away that somebody could come in with; the address is free from here on."""
        if not await self.accounts.begin_erasing(account.id):
            raise AccountNotFoundError
        gone = {"mail_gaps": await self.gaps.forget(account.email_index)}
        gone |= {"guesses": await self.guesses.forget(account.email_index)}
        gone |= {"reset_wishes": await self.resets.forget(account.email_index)}
        return Counter(gone) + await self._doors(account.id, at=at)

    async def erase(self, account_id: str, *, at: datetime) -> Counter[str]:
        """Erase the account, and the key that opens what backups still hold of it; a hash remembers that it is gone."""
        # Once more: a request that was under way when the account was closed may have left something behind.
        gone = await self._doors(account_id, at=at)
        gone += Counter({"accounts": await self.accounts.delete(account_id)})
        gone += Counter(await self.remains.erase(account_id))
        await self.acts.forget(account_id)
        await self.ledger.add(account_id, at=at)
        return gone + Counter(await self.forget(account_id))

    async def _doors(self, account_id: str, *, at: datetime) -> Counter[str]:
        gone = {
            "sessions": await self.live.end_of(account_id, at=at),
            "app_passwords": await self.devices.revoke_of(account_id, at=at),
            "credentials": await self.credentials.delete(account_id),
        }
        # The security log last: what goes before it is noted there.
        return Counter(gone | await self.exports.delete(account_id) | await self.security.delete(account_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureSaga:
    """Erases an account everywhere, once; each step is a transaction, and any process can take the next."""

    log_ins: LogIns
    accounts: Accounts
    erasures: Erasures
    holdings: Holdings
    holding_back: HoldingBack
    letters: Letters
    staff_letters: StaffLetters
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def begin(self, account_id: str, password: str, *, session_id: str = "", at: datetime) -> Standing:
        """Begin the erasure of the account whose owner gives its *password* once more."""
        account = await self.log_ins.confirm(account_id, password, session_id=session_id, at=at)
        return await self.erase(account, at=at)

    async def erase(self, account: Account, *, erasure_id: str = "", at: datetime) -> Standing:
        """Begin the erasure of *account*, which its owner has asked for, under an id that it was told before."""
        erasure = self._new(account.id, erasure_id, deadline=deadline_of(at), at=at)

        async def tell(begun: Erasure, address: str) -> None:
            kept = await self.holding_back.kept(begun, at=at)
            await self.letters.erasure_begun(begun.id, address, deadline=begun.deadline, kept=kept)

        await self.transact(lambda: self._begin(account, erasure, tell, at=at))
        return await self.standing(erasure.id)

    async def purge(self, account: Account, *, at: datetime) -> str:
        """Begin the erasure of a child's account, in the ambient transaction; return its id (C23)."""
        erasure = self._new(account.id, deadline=at + CHILD_DEADLINE, at=at)
        await self._begin(account, erasure, lambda begun, to: self.staff_letters.purged(begun.id, to), at=at)
        return erasure.id

    async def again(self, account_id: str, *, at: datetime) -> None:
        """Erase once more what has come back, from a backup for example: here at once, elsewhere as ever."""
        erasure = self._new(account_id, deadline=deadline_of(at), at=at)

        async def again() -> None:
            gone = await self.holdings.erase(account_id, at=at)
            await self.erasures.add(erasure)
            await self.erasures.note(erasure.id, OWN, +gone)
            await self._ask(erasure)

        await self.transact(again)

    async def held(self, account_id: str, *, at: datetime) -> None:
        """Put off the erasure that is under way, if there is one: a hold has begun, in the ambient transaction."""
        erasure = await self.erasures.of(account_id)
        if erasure is not None:
            await self.holding_back.keeps_account(erasure, at=at)

    async def released(self, account_id: str, *, at: datetime) -> None:
        """Go on with the erasure that was put off, if there is one, in the ambient transaction."""
        erasure = await self.erasures.of(account_id)
        if erasure is not None:
            await self._resume(erasure, at=at)

    async def resume(self, *, at: datetime) -> int:
        """Go on with the erasures that nothing holds any more; return how many were looked at."""
        held = await self.erasures.all_held()
        for erasure in held:
            await self.transact(partial(self._resume, erasure, at=at))
        return len(held)

    async def standing(self, erasure_id: str) -> Standing:
        """Return where an erasure stands; whoever knows its id may ask, as nobody can log in to it any more."""
        erasure = await self.erasures.get(erasure_id)
        if erasure is None:
            raise ErasureNotFoundError
        return Standing(erasure=erasure, receipts=await self.erasures.receipts(erasure_id))

    async def receive(
        self, erasure_id: str, service: str, erased: Mapping[str, int], kept: Iterable[Kept], *, at: datetime
    ) -> None:
        """Store the receipt of a service; after the last one, identity erases what it held, and all is done."""

        async def receive() -> None:
            await self.erasures.receive(erasure_id, service, erased, kept, at=at)
            await self._finish_if_last(erasure_id, at=at)

        await self.transact(receive)

    async def ask_again(self, *, at: datetime) -> int:
        """Tell the services again of the erasures for which a receipt is missing for long; return how many."""
        silent = await self.erasures.silent_since(at - ASK_AGAIN_AFTER)
        for erasure in silent:
            await self.transact(partial(self._again, erasure, at=at))
        return len(silent)

    async def _again(self, erasure: Erasure, *, at: datetime) -> None:
        if await self._finish_if_last(erasure.id, at=at):
            return
        missing = sorted(await self.erasures.awaited(erasure.id) - {OWN})
        if await self.erasures.told_again(erasure, at=at) and missing:
            log.warning("erasure.asked_again", erasure_id=erasure.id, missing=missing)
            await self._ask(erasure)

    def _new(self, account_id: str, erasure_id: str = "", *, deadline: datetime, at: datetime) -> Erasure:
        return Erasure(
            id=erasure_id or self.new_id("era"),
            account_id=account_id,
            state=ErasureState.RUNNING,
            created_at=at,
            deadline=deadline,
            asked_at=at,
        )

    async def _begin(self, account: Account, erasure: Erasure, tell: Tell, *, at: datetime) -> None:
        address = await self.accounts.address(account, Purpose.ACCOUNT)
        gone = await self.holdings.close(account, at=at)
        await self.erasures.add(erasure)
        await self.erasures.note(erasure.id, OWN, +gone)
        await tell(erasure, address)
        if await self.holding_back.told_services(erasure, at=at):
            await self._ask(erasure)

    async def _resume(self, erasure: Erasure, *, at: datetime) -> None:
        if not await self.holding_back.free(erasure, at=at):
            return
        deadline = max(erasure.deadline, at + AFTER_A_HOLD)
        if not await self.erasures.resume(erasure, deadline=deadline, at=at):
            return
        log.info("erasure.resumed", erasure_id=erasure.id)
        if not await self._finish_if_last(erasure.id, at=at):
            await self._ask(erasure)

    async def _ask(self, erasure: Erasure) -> None:
        requested = identity_v1.ErasureRequested(erasure_id=erasure.id, account_id=erasure.account_id or "")
        requested.requested_at.FromDatetime(erasure.created_at)
        requested.deadline.FromDatetime(erasure.deadline)
        await self.outbox.put(requested, subject=erasure.account_id or "")

    async def _finish_if_last(self, erasure_id: str, *, at: datetime) -> bool:
        if await self.erasures.awaited(erasure_id) != {OWN}:
            return False
        erasure = await self.erasures.get(erasure_id)
        if erasure is None or erasure.account_id is None or await self.holding_back.keeps_account(erasure, at=at):
            return False
        before = next(one.erased for one in await self.erasures.receipts(erasure_id) if one.service == OWN)
        gone = Counter(before) + await self.holdings.erase(erasure.account_id, at=at)
        await self.erasures.receive(erasure_id, OWN, gone, (), at=at)
        await self.erasures.finish(erasure_id, at=at)
        fact = identity_v1.AccountErased(account_id=erasure.account_id, erasure_id=erasure_id)
        fact.erased_at.FromDatetime(at)
        await self.outbox.put(fact, subject=erasure.account_id)
        log.info("erasure.done", erasure_id=erasure_id)
        return True
