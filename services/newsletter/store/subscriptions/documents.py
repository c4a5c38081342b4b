"""The stored documents and the declarations of their personal data."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.newsletter.domain.subscriptions.consent import Consent, ConsentSource
from services.newsletter.domain.subscriptions.subscriptions import UnsubscribeMethod
from services.newsletter.store.personal_data import USES
from shared.mongo import Document, EmbeddedValue, Index
from shared.personal import UNTIL_ERASED, Category, Personal, retain_for
from shared.policy import Purpose

_EMAIL = Personal(Category.CONTACT, {Purpose.NEWSLETTER, Purpose.ACCOUNT, Purpose.EXPORT}, UNTIL_ERASED)
_INDEX = Personal(Category.PSEUDONYM, {Purpose.NEWSLETTER, Purpose.SUPPORT}, UNTIL_ERASED)
_OWNER = Personal(Category.PSEUDONYM, USES, UNTIL_ERASED)
_EVIDENCE = Personal(Category.CONSENT, USES, UNTIL_ERASED)

# The worker deletes a request and its key when it expires, after at most 48 hours; this is the backstop.
_OPT_IN_REQUEST_RETENTION = retain_for(3)
# The limitation period for complaints about unwanted email.
SUPPRESSION_RETENTION_DAYS = 3 * 365
_PROOF_RETENTION = retain_for(SUPPRESSION_RETENTION_DAYS, since="unsubscribed_at")
_PROOF = Personal(Category.CONSENT, USES, _PROOF_RETENTION)


class ConsentValue(EmbeddedValue):
    """The evidence of a consent, in a subscription and in its suppression."""

    consent_version: str
    source: ConsentSource
    requested_at: datetime
    confirmed_at: datetime

    @classmethod
    def from_domain(cls, consent: Consent) -> "ConsentValue":
        """Return the stored form of *consent*."""
        return cls(
            consent_version=consent.consent_version,
            source=consent.source,
            requested_at=consent.requested_at,
            confirmed_at=consent.confirmed_at,
        )

    def to_domain(self) -> Consent:
        """Return the consent."""
        return Consent(
            consent_version=self.consent_version,
            source=self.source,
            requested_at=self.requested_at,
            confirmed_at=self.confirmed_at,
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
        Index("expires_at"),
        Index("account_id"),
    )

    list_id: str
    account_id: Annotated[str, Personal(Category.PSEUDONYM, USES, _OPT_IN_REQUEST_RETENTION)]
    address_index: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.NEWSLETTER}, _OPT_IN_REQUEST_RETENTION)]
    email: Annotated[bytes, Personal(Category.CONTACT, {Purpose.NEWSLETTER, Purpose.EXPORT}, _OPT_IN_REQUEST_RETENTION)]
    consent_version: str
    source: ConsentSource
    created_at: datetime
    expires_at: datetime


class SubscriptionDocument(Document):
    """An active subscription; an ended one is deleted and leaves a suppression."""

    collection: ClassVar[str] = "subscriptions"
    subject: ClassVar[str | None] = "subscriber_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("address_index", "list_id", unique=True),
        Index("list_id", "_id"),
        Index("subscriber_id", unique=True),
        Index("account_id"),
    )

    subscriber_id: Annotated[str, _OWNER]
    list_id: str
    account_id: Annotated[str, _OWNER]
    address_index: Annotated[str, _INDEX]
    email: Annotated[bytes, _EMAIL]
    consent: Annotated[ConsentValue, _EVIDENCE]
    subscribed_at: datetime


class SuppressionDocument(Document):
    """The proof that a subscription ended: no address, only its blind index."""

    collection: ClassVar[str] = "suppressions"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("address_index", "list_id", "unsubscribed_at"),
        Index("subscription_id"),
        Index("account_id"),
    )

    subscription_id: Annotated[str, _PROOF]
    list_id: str
    account_id: Annotated[str, _PROOF]
    address_index: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.NEWSLETTER, Purpose.SUPPORT}, _PROOF_RETENTION)]
    consent: Annotated[ConsentValue, _PROOF]
    subscribed_at: datetime
    unsubscribed_at: datetime
    method: UnsubscribeMethod
    reason: Annotated[str, Personal(Category.CONSENT, {Purpose.SUPPORT, Purpose.EXPORT}, _PROOF_RETENTION)]
    """The reason that staff entered for a request by email or telephone."""
    staff_id: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.OPERATIONS}, _PROOF_RETENTION)]
    """The member of staff; empty when the subscriber did it."""
    resubscribed_at: datetime | None = None
