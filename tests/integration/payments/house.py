"""Payments' own objects on one database, with a clock that stands still."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from services.payments.domain import Charge, Money
from services.payments.ports import CardOpener, Processor, SimulatedProcessor
from services.payments.service import Order, OwnData, RefundDesk, Till, Wallet
from services.payments.store import DOCUMENTS, Cards, Charges, Refunds, SeenCards
from shared.bus import Outbox, OutboxRow
from shared.crypto import Key, Keyring, Use
from shared.ids import new_id
from shared.mongo import Database
from tests.support import NOON, FixedClock
from tests.support.cards import VISA, sealed, typed

ADA, BOB = "acc_ada", "acc_bob"
KEYRING = Keyring([Key(id="key_card", use=Use.CARD, created=NOON, secret=b"c" * 32)])
SETTLE_AFTER = timedelta(seconds=30)


@dataclass
class House:
    """Everything of payments but its edges."""

    database: Database
    clock: FixedClock
    processor: Processor = field(default_factory=SimulatedProcessor)

    @classmethod
    async def prepared(cls, database: Database, clock: FixedClock) -> Self:
        """Return a house on a database that is ready."""
        await database.prepare([*DOCUMENTS, OutboxRow])
        return cls(database, clock)

    def __post_init__(self) -> None:
        self.cards, self.charges, self.refunds = Cards(self.database), Charges(self.database), Refunds(self.database)
        self.opener = CardOpener(KEYRING)
        outbox = Outbox(self.database, "payments", self.clock)
        self.wallet = Wallet(
            opener=self.opener,
            processor=self.processor,
            seen=SeenCards(self.database),
            cards=self.cards,
            new_id=new_id,
            card_lifetime=timedelta(minutes=10),
        )
        self.till = Till(
            processor=self.processor,
            cards=self.cards,
            charges=self.charges,
            outbox=outbox,
            transact=self.database.transact,
            new_id=new_id,
            settle_after=SETTLE_AFTER,
        )
        self.desk = RefundDesk(
            processor=self.processor,
            charges=self.charges,
            refunds=self.refunds,
            outbox=outbox,
            transact=self.database.transact,
            new_id=new_id,
            settle_after=SETTLE_AFTER,
        )
        self.own = OwnData(cards=self.cards, charges=self.charges, refunds=self.refunds)

    def jwe(self, number: str = VISA, *, account_id: str = ADA, **changed: object) -> str:
        """Return a card as the page of *account_id* encrypts it now."""
        return sealed(self.opener.public(), typed(account_id, self.clock(), number=number, **changed))

    async def card(self, number: str = VISA) -> str:
        """Keep a card of Ada's and return its id."""
        kept = await self.wallet.keep(ADA, self.jwe(number), operation=new_id("op"), at=self.clock())
        return kept.card_id

    async def charge(self, card_id: str, *, operation: str = "", amount: int = 3_999, description: str = "") -> Charge:
        """Charge a card of Ada's."""
        order = Order(
            account_id=ADA,
            card_id=card_id,
            price=Money(amount=amount, currency="USD"),
            description=description,
        )
        return await self.till.charge(order, operation=operation or new_id("op"), at=self.clock())

    async def refund(self, charge: Charge, amount: int, *, operation: str = "") -> int:
        """Refund a charge of Ada's; return how much of it has gone back."""
        _, after = await self.desk.refund(
            ADA, charge.charge_id, amount, operation=operation or new_id("op"), at=self.clock()
        )
        return after.refunded

    async def told(self) -> list[str]:
        """Return the types of the facts that wait to be told."""
        return sorted(row.type for row in await self.database.collection(OutboxRow).list({}))
