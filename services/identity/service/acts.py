"""What staff does to accounts: asked for by one, allowed by another, done once, on record (C21, C27)."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.identity.domain.access import Role
from services.identity.domain.acts import HOLD_LONGEST, RULES, ActKind, ActState, HoldScope, Verification, expires_at
from services.identity.errors import AccountNotFoundError
from services.identity.errors.staff import (
    ActAskedAlreadyError,
    ActNotFoundError,
    ActNotOpenError,
    ActRefusedError,
    SamePersonError,
)
from services.identity.service.contacts import checked_reason
from services.identity.service.deeds import Deeds
from services.identity.service.transact import Transact
from services.identity.store import Account, Accounts, Act, Acts, Reads
from services.identity.store.reads import Reader
from shared.errors import FieldProblem, InvalidInputError
from shared.ids import NewId
from shared.mail import Address
from shared.policy import Purpose

WHOSE = "identity.acts.account_id"
NEW_ADDRESS = "identity.acts.new_email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """A member of the staff, as the access token says."""

    id: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActWish:
    """What is to be done to whose account, why, and what the act needs besides."""

    kind: ActKind
    account_id: str
    reason: str
    verification: Verification | None = None
    new_email: str | None = None
    hold_scope: HoldScope | None = None
    hold_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRecord:
    """An act, and whether it is for a second person to allow it."""

    act: Act
    new_email: str | None = None
    """The address that is to be put in place of the account's, for whoever has to judge that."""

    @property
    def needs_second_person(self) -> bool:
        """Whether somebody else must allow it before it is done."""
        return RULES[self.act.kind].two_people and self.act.state is ActState.ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class ActDesk:
    """Takes wishes, and does what a second person allows; staff learns of an account's acts on record only."""

    acts: Acts
    accounts: Accounts
    reads: Reads
    deeds: Deeds
    transact: Transact
    new_id: NewId

    async def ask(self, wish: ActWish, *, by: Colleague, operation: str, at: datetime) -> ActRecord:
        """Write the wish down, once for each *operation*; what needs no second person is done at once."""
        rule = RULES[wish.kind]
        if not rule.may_ask(by.roles):
            raise ActRefusedError
        _check(wish, at=at)
        act_id = f"act_{operation[:26]}"
        known = await self.acts.get(act_id)
        if known is not None:
            return ActRecord(act=known)
        account = await self._customer(wish.account_id)
        if await self.acts.open_one(account.id, wish.kind, at=at) is not None:
            raise ActAskedAlreadyError
        await self.transact(partial(self._ask, act_id, wish, by, at=at))
        if not rule.two_people:
            await self._do(act_id, by=by, at=at)
        return ActRecord(act=await self._found(act_id))

    async def allow(self, act_id: str, *, by: Colleague, at: datetime) -> ActRecord:
        """Do what somebody else has asked for; saying it twice is once."""
        act = await self._found(act_id)
        if not RULES[act.kind].may_allow(by.roles):
            raise ActRefusedError
        if act.asked_by == by.id:
            raise SamePersonError
        if act.state is not ActState.DONE or act.settled_by != by.id:
            await self._do(act_id, by=by, at=at)
        return ActRecord(act=await self._found(act_id))

    async def refuse(self, act_id: str, *, by: Colleague, at: datetime) -> ActRecord:
        """Leave it: whoever may allow it says no, or whoever asked takes it back."""
        act = await self._found(act_id)
        if act.asked_by != by.id and not RULES[act.kind].may_allow(by.roles):
            raise ActRefusedError
        await self.transact(partial(self._settle, act_id, ActState.REFUSED, by, at=at))
        return ActRecord(act=await self._found(act_id))

    async def read(self, act_id: str, *, by: Colleague, at: datetime) -> ActRecord:
        """Return the act with whose account it is; the owner sees that staff has looked.

        Whoever asked for a new address, and whoever may allow it, sees it: nobody allows what is not seen.
        """
        act = await self._found(act_id)
        if act.account_id is None:
            return ActRecord(act=act)
        judges = act.asked_by == by.id or RULES[act.kind].may_allow(by.roles)
        if act.new_email is None or act.state is not ActState.ASKED or not judges:
            await self.transact(partial(self._shown, act, by, at=at))
            return ActRecord(act=act)
        await self.transact(partial(self._shown, act, by, NEW_ADDRESS, at=at))
        return ActRecord(act=act, new_email=await self.acts.new_address(act, purpose_of(by)))

    async def page(self, state: ActState | None, *, after: str | None, most: int) -> list[ActRecord]:
        """Return acts; whose accounts they are is not for a list."""
        return [ActRecord(act=act) for act in await self.acts.page(state, after=after, most=most)]

    async def expire(self, *, at: datetime) -> int:
        """Make void what nobody has allowed in time."""
        return await self.acts.expire(at)

    async def _ask(self, act_id: str, wish: ActWish, by: Colleague, *, at: datetime) -> None:
        sealed = None if wish.new_email is None else await self.acts.seal(wish.account_id, wish.new_email)
        act = Act(
            id=act_id,
            account_id=wish.account_id,
            kind=wish.kind,
            state=ActState.ASKED,
            reason=wish.reason,
            verification=wish.verification,
            new_email=sealed,
            hold_scope=wish.hold_scope,
            hold_until=wish.hold_until,
            asked_by=by.id,
            asked_at=at,
            expires_at=expires_at(at),
            asked_entry="",
        )
        entry = await self._shown(act, by, at=at)
        await self.acts.add(act.model_copy(update={"asked_entry": entry}))

    async def _do(self, act_id: str, *, by: Colleague, at: datetime) -> None:
        await self.deeds.prepare(await self._open(act_id, at=at), at=at)

        async def do() -> None:
            act = await self._settle(act_id, ActState.DONE, by, at=at)
            await self.deeds.do(act, await self._customer(act.account_id or ""), at=at)

        await self.transact(do)

    async def _settle(self, act_id: str, state: ActState, by: Colleague, *, at: datetime) -> Act:
        act = await self._open(act_id, at=at)
        entry = await self._shown(act, by, at=at)
        if not await self.acts.settle(act, state, by=by.id, entry=entry, at=at):
            raise ActNotOpenError
        return act

    async def _open(self, act_id: str, *, at: datetime) -> Act:
        act = await self._found(act_id)
        if act.state is not ActState.ASKED or at >= act.expires_at or act.account_id is None:
            raise ActNotOpenError
        return act

    async def _shown(self, act: Act, by: Colleague, *more: str, at: datetime) -> str:
        """Write into the ledger who had to do with the act; the owner reads the reason by the act's id."""
        reader = Reader(kind="staff", id=by.id, purpose=purpose_of(by), basis=act.id)
        return await self.reads.shown(act.account_id or "", [WHOSE, *more], reader, at=at)

    async def _customer(self, account_id: str) -> Account:
        account = await self.accounts.get(account_id)
        if account is None or account.roles:  # the accounts of the staff are the operator's matter
            raise AccountNotFoundError
        return account

    async def _found(self, act_id: str) -> Act:
        act = await self.acts.get(act_id)
        if act is None:
            raise ActNotFoundError
        return act


def purpose_of(by: Colleague) -> Purpose:
    """Return for what somebody with these roles looks at personal data."""
    if by.roles & {Role.SUPPORT, Role.ADMIN}:
        return Purpose.SUPPORT
    return Purpose.SECURITY if Role.SECURITY in by.roles else Purpose.LEGAL_DISCLOSURE


def _check(wish: ActWish, *, at: datetime) -> None:
    """Refuse a wish without what the act needs, or with what it has no use for."""
    checked_reason(wish.reason)
    holds = wish.kind is ActKind.HOLD
    wrong = [
        _needed("verification", wish.verification is not None, RULES[wish.kind].on_request),
        _needed("new_email", wish.new_email is not None, wish.kind is ActKind.CORRECT_ADDRESS),
        _needed("hold_scope", wish.hold_scope is not None, holds),
        _needed("hold_until", wish.hold_until is not None, holds),
    ]
    if wish.hold_until is not None and not at < wish.hold_until <= at + HOLD_LONGEST:
        wrong.append(FieldProblem(field="hold_until", code="out_of_range", message="A hold ends within two years."))
    fields = tuple(one for one in wrong if one is not None)
    if fields:
        raise InvalidInputError(fields=fields)
    if wish.new_email is not None:
        Address(wish.new_email)


def _needed(field: str, is_there: bool, is_needed: bool) -> FieldProblem | None:  # noqa: FBT001 - two facts, one table
    if is_there == is_needed:
        return None
    code, message = ("missing", "This act needs it.") if is_needed else ("not_needed", "This act has no use for it.")
    return FieldProblem(field=field, code=code, message=message)
