"""The services of payments on one database, with a fixed clock."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from services.payments.domain import Card, Charge, Money, Refund, RefundKind, RefundLimits
from services.payments.domain.retries import RetrySchedule
from services.payments.ports import CardDecrypter, CardKeys, Processor, SimulatedProcessor
from services.payments.service import (
    AccountEraser,
    CardingGuard,
    CardService,
    CardSetupService,
    ChargeOperator,
    ChargeRequest,
    ChargeService,
    RefundOrder,
)
from services.payments.store import DOCUMENTS
from services.payments.wiring.after_charge import Tools, build_after_charge, build_charge_settler, build_page_declines
from services.payments.wiring.stores import build_stores
from shared.bus import Outbox, OutboxDocument
from shared.contracts import common_v1
from shared.crypto import Key, Keyring, KeyUse, TokenSealer
from shared.ids import new_id
from shared.mongo import Database
from shared.settings import Secret
from tests.support import NOON, FixedClock
from tests.support.cards import VISA, sealed, typed

ADA, BOB = "acc_ada", "acc_bob"
GRACE, HEIDI, IVAN = "acc_grace", "acc_heidi", "acc_ivan"
"""Members of staff."""
ALONE_LIMIT = 10_000
"""Up to which total one of them refunds alone, in cents."""
WEBHOOK_SECRET = Secret("whsec_of_the_tests")
KEYRING = Keyring(
    [
        Key(id="key_card", use=KeyUse.CARD, created_at=NOON, secret=b"c" * 32),
        Key(id="key_link", use=KeyUse.LINK, created_at=NOON, secret=b"l" * 32),
    ]
)
RECONCILE_AFTER = timedelta(seconds=30)


def blind_index(context: str, value: str) -> str:
    """Stand in for the vault, which needs a key of its own."""
    return hmac.new(b"b" * 32, f"{context} {value}".encode(), hashlib.sha256).hexdigest()


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
        self.decrypter = CardDecrypter(CardKeys.from_keyring(KEYRING))
        stores = build_stores(self.database, blind_index)
        self.carding = CardingGuard(tallies=stores.decline_tallies, transact=self.database.with_transaction)
        self.cards, self.charges, self.attempts, self.orders = (
            stores.cards,
            stores.charges,
            stores.attempts,
            stores.orders,
        )
        self.differences = stores.differences
        self.refunds, self.disputes, self.journal = stores.refunds, stores.disputes, stores.journal
        tools = Tools(
            processor=self.processor,
            carding=self.carding,
            outbox=Outbox(self.database, "payments", self.clock),
            transact=self.database.with_transaction,
            new_id=new_id,
            retries=RetrySchedule(RECONCILE_AFTER),
        )
        self.settler = build_charge_settler(stores, tools)
        self.after_charge = build_after_charge(
            stores,
            tools,
            charge_settler=self.settler,
            refund_limits=RefundLimits(alone={"USD": ALONE_LIMIT}),
            webhook_secrets=[WEBHOOK_SECRET],
        )
        self.refund_service = self.after_charge.refund_service
        self.card_service = CardService(
            decrypter=self.decrypter,
            processor=self.processor,
            token_sealer=TokenSealer(KEYRING),
            used_stamps=stores.used_stamps,
            cards=self.cards,
            carding=self.carding,
            new_id=new_id,
            card_stamp_ttl=timedelta(minutes=10),
        )
        self.setups = stores.setups
        self.card_setup_service = CardSetupService(
            processor=self.processor,
            setups=self.setups,
            cards=self.cards,
            carding=self.carding,
            declines=build_page_declines(stores, self.processor, self.carding),
            transact=self.database.with_transaction,
            new_id=new_id,
            build_return_url="https://candor.example/added?setup={}".format,
        )
        self.operator = ChargeOperator(
            processor=self.processor,
            charges=self.charges,
            attempts=self.attempts,
            settler=self.settler,
            build_return_url="https://candor.example/account/payments/{}".format,
        )
        self.charge_service = ChargeService(
            processor=self.processor,
            cards=self.cards,
            charges=self.charges,
            attempts=self.attempts,
            orders=self.orders,
            operator=self.operator,
            carding=self.carding,
            transact=self.database.with_transaction,
            new_id=new_id,
            check_after=RECONCILE_AFTER,
        )
        self.account_eraser = AccountEraser(
            cards=self.cards,
            setups=self.setups,
            charges=self.charges,
            attempts=self.attempts,
            orders=self.orders,
            refunds=self.refunds,
            disputes=self.disputes,
            decline_tallies=stores.decline_tallies,
            erase_subject=erase_nothing,
        )

    def jwe(self, number: str = VISA, *, account_id: str = ADA, **changed: object) -> str:
        """Return a card as the page of *account_id* encrypts it now."""
        issued = self.card_service.issue_encryption(account_id, at=self.clock())
        return sealed(issued.keys[0], typed(issued.stamp, self.clock(), number=number, **changed))

    async def card(self, number: str = VISA) -> str:
        """Store a card of Ada and return its id."""
        return (await self.tokenize(ADA, self.jwe(number), at=self.clock())).card_id

    async def tokenize(self, account_id: str, jwe: str, *, at: datetime) -> Card:
        """Store a card as the route does: what the service prepares is one transaction."""
        tokenized = await self.card_service.tokenize(account_id, jwe, at=at)
        await self.database.commit_writes(tokenized.writes)
        return tokenized.card

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

    async def refund(
        self,
        charge: Charge,
        amount: int,
        *,
        by: str = GRACE,
        kind: RefundKind = RefundKind.REFUND,
        idempotency_key: str = "",
    ) -> Refund:
        """Have a member of staff refund a charge, or grant a credit."""
        order = RefundOrder(charge_id=charge.charge_id, amount=amount, reason="Case 7: it came twice.", kind=kind)
        return await self.refund_service.create(
            order, by=by, idempotency_key=idempotency_key or new_id("op"), at=self.clock()
        )

    async def request_refund(self, charge: Charge, amount: int, *, account_id: str = ADA) -> Refund:
        """Have a customer ask for a refund."""
        order = RefundOrder(charge_id=charge.charge_id, amount=amount, reason="It came twice.")
        return await self.refund_service.request(account_id, order, idempotency_key=new_id("op"), at=self.clock())

    async def find_differences(self) -> tuple[str, ...]:
        """Return what is wrong with the books; nothing is expected."""
        return (await self.after_charge.journal_auditor.audit_charges()).differences

    async def list_accesses(self) -> list[common_v1.PersonalDataAccessed]:
        """Return the entries for the ledger that wait in the outbox."""
        rows = await self.database.get_collection(OutboxDocument).list({"type": "payments.personal_data.accessed.v1"})
        return [common_v1.PersonalDataAccessed.FromString(row.body) for row in rows]

    async def published_events(self) -> list[str]:
        """Return the types of the events in the outbox."""
        return sorted(row.type for row in await self.database.get_collection(OutboxDocument).list({}))
