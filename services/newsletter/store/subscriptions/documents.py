"""The stored documents and the declarations of their personal data."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.newsletter.domain.subscriptions.consent import Consent, ConsentSource
from services.newsletter.domain.subscriptions.subscriptions import SuppressionReason, UnsubscribeMethod
from services.newsletter.store.personal_data import USES
from shared.mongo import Document, EmbeddedValue, Index
from shared.personal import UNTIL_ERASED, Category, Personal, retain_for
from shared.policy import Purpose

_EMAIL = Personal(Category.CONTACT, {Purpose.NEWSLETTER, Purpose.ACCOUNT, Purpose.EXPORT}, UNTIL_ERASED)
_INDEX = Personal(Category.PSEUDONYM, {Purpose.NEWSLETTER, Purpose.SUPPORT, Purpose.OPERATIONS}, UNTIL_ERASED)
_OWNER = Personal(Category.PSEUDONYM, USES, UNTIL_ERASED)
_EVIDENCE = Personal(Category.CONSENT, USES, UNTIL_ERASED)

# The worker deletes a request and its key when it expires, after at most 48 hours; this is the backstop.
_OPT_IN_REQUEST_RETENTION = retain_for(3)
# The limitation period for complaints about unwanted email.
SUPPRESSION_RETENTION_DAYS = 3 * 365
_PROOF_RETENTION = retain_for(SUPPRESSION_RETENTION_DAYS, since="unsubscribed_at")
_PROOF = Personal(Category.CONSENT, USES, _PROOF_RETENTION)
# No purpose of security, of an account or of a legal notice: a suppression can stop newsletters only.
_SUPPRESSION_USES = {Purpose.NEWSLETTER, Purpose.SUPPORT}
_SUPPRESSION_RETENTION = retain_for(SUPPRESSION_RETENTION_DAYS, since="suppressed_at")
# Support finds the emails of an address in the mail log by it, also when its subscription has ended (C04).
_PROOF_INDEX = Personal(Category.PSEUDONYM, _SUPPRESSION_USES, _PROOF_RETENTION)
_OPT_IN_INDEX = Personal(Category.PSEUDONYM, {Purpose.NEWSLETTER}, _OPT_IN_REQUEST_RETENTION)


class ConsentValue(EmbeddedValue):
    """The evidence of a consent, in a subscription and in its suppression."""

    consent_version: str
    source: ConsentSource
    requested_at: datetime
    confirmed_at: datetime
    import_id: str = ""

    @classmethod
    def from_domain(cls, consent: Consent) -> "ConsentValue":
        """Return the stored form of *consent*."""
        return cls(
            consent_version=consent.consent_version,
            source=consent.source,
            requested_at=consent.requested_at,
            confirmed_at=consent.confirmed_at,
            import_id=consent.import_id,
        )

    def to_domain(self) -> Consent:
        """Return the consent."""
        return Consent(
            consent_version=self.consent_version,
            source=self.source,
            requested_at=self.requested_at,
            confirmed_at=self.confirmed_at,
            import_id=self.import_id,
        )


class MailingListDocument(Document):
    """A mailing list."""

    collection: ClassVar[str] = "lists"
    indexes: ClassVar[tuple[Index, ...]] = (Index("idempotency_key", unique=True),)

    list_name: str
    description: str
    idempotency_key: str
    """The key of the request that created it: a repeated request finds the same list."""
    created_at: datetime


class OptInRequestDocument(Document):
    """An unconfirmed request; its address is sealed under a key of its own, which is destroyed with it."""

    collection: ClassVar[str] = "opt_in_requests"
    subject: ClassVar[str | None] = "id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("address_index", "list_id", unique=True),
        Index("folded_index"),
        Index("expires_at"),
    )

    list_id: str
    address_index: Annotated[str, _OPT_IN_INDEX]
    folded_index: Annotated[str, _OPT_IN_INDEX]
    email: Annotated[bytes, Personal(Category.CONTACT, {Purpose.NEWSLETTER}, _OPT_IN_REQUEST_RETENTION)]
    consent_version: str
    source: ConsentSource
    import_id: str = ""
    created_at: datetime
    expires_at: datetime


class ConfirmedRequestDocument(Document):
    """A confirmed opt-in request, without the address: a second press of its link finds the same subscription."""

    collection: ClassVar[str] = "confirmed_requests"
    subject: ClassVar[str | None] = "subscriber_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("subscriber_id"),
        Index("expires_at"),
        Index("address_index"),
        Index("created_at"),
    )

    subscription_id: Annotated[str, Personal(Category.PSEUDONYM, USES, _OPT_IN_REQUEST_RETENTION)]
    subscriber_id: Annotated[str, Personal(Category.PSEUDONYM, USES, _OPT_IN_REQUEST_RETENTION)]
    address_index: Annotated[str, _OPT_IN_INDEX]
    """For the cooldown, which a confirmation does not end."""
    list_id: str
    requested_at: datetime
    created_at: datetime
    expires_at: datetime
    """When the link would have expired unused."""


class SubscriptionDocument(Document):
    """An active subscription; an ended one is deleted and leaves a suppression."""

    collection: ClassVar[str] = "subscriptions"
    subject: ClassVar[str | None] = "subscriber_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("address_index", "list_id", unique=True),
        Index("list_id", "_id"),
        Index("subscriber_id", unique=True),
        Index("account_id"),
        Index("folded_index"),
        Index("similar_index"),
        Index("subscribed_at"),
    )

    subscriber_id: Annotated[str, _OWNER]
    list_id: str
    account_id: Annotated[str, _OWNER]
    address_index: Annotated[str, _INDEX]
    folded_index: Annotated[str, _INDEX]
    similar_index: Annotated[str, _INDEX]
    email: Annotated[bytes, _EMAIL]
    consent: Annotated[ConsentValue, _EVIDENCE]
    subscribed_at: datetime
    suspended_at: datetime | None = None
    suspension_reason: SuppressionReason | None = None
    verdict_id: str = ""
    """The verdict on a bounce or a complaint that suspended it."""


class SuppressionDocument(Document):
    """The proof that a subscription ended: no address, only its blind index."""

    collection: ClassVar[str] = "suppressions"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("address_index", "list_id", "unsubscribed_at"),
        Index("folded_index", "list_id"),
        Index("subscription_id"),
        Index("account_id"),
        Index("unsubscribed_at"),
    )

    subscription_id: Annotated[str, _PROOF]
    list_id: str
    account_id: Annotated[str, _PROOF]
    address_index: Annotated[str, _PROOF_INDEX]
    folded_index: Annotated[str, _PROOF_INDEX]
    consent: Annotated[ConsentValue, _PROOF]
    subscribed_at: datetime
    unsubscribed_at: datetime
    method: UnsubscribeMethod
    reason: Annotated[str, Personal(Category.CONSENT, {Purpose.SUPPORT, Purpose.EXPORT}, _PROOF_RETENTION)]
    """The reason that staff entered for a request by email or telephone."""
    staff_id: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.OPERATIONS}, _PROOF_RETENTION)]
    """The member of staff; empty when the subscriber did it."""
    resubscribed_at: datetime | None = None


class SuppressedAddressDocument(Document):
    """An address that gets no newsletters although no subscription of it ended here: only its blind index."""

    collection: ClassVar[str] = "suppressed_addresses"
    subject: ClassVar[str | None] = "folded_index"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("folded_index", "list_id", "reason", unique=True),
        Index("origin"),
        Index("is_final", "suppressed_at"),
    )

    folded_index: Annotated[str, Personal(Category.PSEUDONYM, _SUPPRESSION_USES, _SUPPRESSION_RETENTION)]
    list_id: str
    """Empty for all lists."""
    reason: SuppressionReason
    origin: str
    suppressed_at: datetime
    is_final: bool
    """False while the verdict behind it can be undone: subscriptions of the address are suspended, not ended."""


class UnsubscribeLinkRequestDocument(Document):
    """A request for the leave links of an address, made without a letter; it has the blind index only.

    It stays until the cooldown ends, so that no caller floods a mailbox with it.
    """

    collection: ClassVar[str] = "unsubscribe_link_requests"
    subject: ClassVar[str | None] = "folded_index"
    indexes: ClassVar[tuple[Index, ...]] = (Index("folded_index", unique=True), Index("handled_at", "created_at"))

    folded_index: Annotated[str, Personal(Category.PSEUDONYM, _SUPPRESSION_USES, retain_for(2))]
    created_at: datetime
    handled_at: datetime | None = None
