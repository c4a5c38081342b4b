"""The services of payments on one database, with a fixed clock."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

from services.payments.domain import Charge, Money
from services.payments.ports import CardDecrypter, Processor, SimulatedProcessor
from services.payments.service import (
    AccountEraser,
    CardService,
    ChargeOperator,
    ChargeRequest,
    ChargeService,
    ChargeSettler,
    RefundService,
)
from services.payments.store import DOCUMENTS, Attempts, Cards, Charges, PendingOrders, Refunds, UsedCardPayloads
from shared.bus import Outbox, OutboxDocument
from shared.crypto import Key, Keyring, KeyUse
from shared.ids import new_id
from shared.mongo import Database
from tests.support import NOON, FixedClock
from tests.support.cards import VISA, sealed, typed

ADA, BOB = "acc_ada", "acc_bob"
KEYRING = Keyring([Key(id="key_card", use=KeyUse.CARD, created_at=NOON, secret=b"c" * 32)])
RECONCILE_AFTER = timedelta(seconds=30)


async def erase_nothing(_account_id: str) -> dict[str, int]:
    """Stand in for the chassis, which stores nothing of the account here."""
    return {}


@dataclass
class PaymentsHarness:
    """The services of payments without HTTP and broker."""

    database: Database
    clock: FixedClock
    processor: Processor = field(default_factory=SimulatedProcessor)
    """The simulator on the same clock, where none is given."""

    @classmethod
    async def prepared(cls, database: Database, clock: FixedClock) -> Self:
        """Return a harness on a prepared database."""
        await database.ensure_collections([*DOCUMENTS, OutboxDocument])
        return cls(database, clock, SimulatedProcessor(clock=clock))

    def __post_init__(self) -> None:
        self.cards, self.charges, self.refunds = Cards(self.database), Charges(self.database), Refunds(self.database)
        self.decrypter = CardDecrypter(KEYRING)
        outbox = Outbox(self.database, "payments", self.clock)
        self.card_service = CardService(
            decrypter=self.decrypter,
            processor=self.processor,
            used_payloads=UsedCardPayloads(self.database),
            cards=self.cards,
            new_id=new_id,
            card_payload_ttl=timedelta(minutes=10),
        )
        self.attempts, self.orders = Attempts(self.database), PendingOrders(self.database)
        self.settler = ChargeSettler(
            charges=self.charges,
            attempts=self.attempts,
            orders=self.orders,
            outbox=outbox,
            transact=self.database.with_transaction,
            check_after=RECONCILE_AFTER,
        )
        self.operator = ChargeOperator(
            processor=self.processor, charges=self.charges, attempts=self.attempts, settler=self.settler
        )
        self.charge_service = ChargeService(
            processor=self.processor,
            cards=self.cards,
            charges=self.charges,
            attempts=self.attempts,
            orders=self.orders,
            operator=self.operator,
            transact=self.database.with_transaction,
            new_id=new_id,
            check_after=RECONCILE_AFTER,
        )
        self.refund_service = RefundService(
            processor=self.processor,
            charges=self.charges,
            refunds=self.refunds,
            outbox=outbox,
            transact=self.database.with_transaction,
            new_id=new_id,
            reconcile_after=RECONCILE_AFTER,
        )
        self.account_eraser = AccountEraser(
            cards=self.cards,
            charges=self.charges,
            attempts=self.attempts,
            orders=self.orders,
            refunds=self.refunds,
            erase_subject=erase_nothing,
        )

    def jwe(self, number: str = VISA, *, account_id: str = ADA, **changed: object) -> str:
        """Return a card as the page of *account_id* encrypts it now."""
        return sealed(self.decrypter.public_jwk(), typed(account_id, self.clock(), number=number, **changed))

    async def card(self, number: str = VISA) -> str:
        """Store a card of Ada and return its id."""
        kept = await self.card_service.tokenize(ADA, self.jwe(number), idempotency_key=new_id("op"), at=self.clock())
        return kept.card_id

    async def charge(self, card_id: str, *, idempotency_key: str = "", amount: int = 3_999, **changed: Any) -> Charge:
        """Charge a card of Ada; *changed* is what differs in the request."""
        request = ChargeRequest(
            account_id=ADA,
            card_id=card_id,
            price=Money(amount=amount, currency=changed.pop("currency", "USD")),
            **{"description": "", "allow_duplicate": True, **changed},
        )
        return await self.charge_service.create(
            request, idempotency_key=idempotency_key or new_id("op"), at=self.clock()
        )

    async def authorize(self, number: str = VISA, *, amount: int = 3_999) -> Charge:
        """Authorize a new card of Ada."""
        return await self.charge(await self.card(number), amount=amount, is_capture_automatic=False)

    async def reload(self, charge: Charge) -> Charge:
        """Return the charge as it is stored."""
        found = await self.charges.find_by_id(charge.charge_id)
        assert found is not None
        return found

    async def refund(self, charge: Charge, amount: int, *, idempotency_key: str = "") -> int:
        """Refund a charge of Ada; return its amount_refunded."""
        _, after = await self.refund_service.create(
            ADA, charge.charge_id, amount, idempotency_key=idempotency_key or new_id("op"), at=self.clock()
        )
        return after.amount_refunded

    async def published_events(self) -> list[str]:
        """Return the types of the events in the outbox."""
        return sorted(row.type for row in await self.database.get_collection(OutboxDocument).list({}))
