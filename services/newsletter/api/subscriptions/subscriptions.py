"""Opt-in requests, confirmations, and the subscriptions of an account."""

from dataclasses import dataclass
from datetime import timedelta

from services.newsletter.api.fields import Email, LinkTokenBody, LinkTokenQuery, ListId
from services.newsletter.domain.subscriptions.consent import CONSENT_TEXTS, ConsentSource
from services.newsletter.errors import ListNotFoundError, OwnAddressError, SubscriptionNotFoundError
from services.newsletter.service.privacy_requests.export import AccountExport, SubscriptionDetails
from services.newsletter.service.subscriptions.subscribe import SubscribeService
from services.newsletter.service.subscriptions.unsubscribe import UnsubscribeService
from shared.clock import rfc3339
from shared.crypto import InvalidTokenError
from shared.mail import InvalidEmailAddressError
from shared.web import PUBLIC, JsonBody, RateLimit, RequestContext, Route, Timestamp, View, customer, delete, get, post

_NEWSLETTER = "/v1/newsletter"


class SubscribeBody(JsonBody):
    """A request to subscribe an address to a list."""

    list_id: ListId
    email: Email


class PendingView(View):
    """The answer to every request, so that it reveals no subscription; the owner of the address confirms."""

    state: str = "awaiting_confirmation"


class SubscribedView(View):
    """The confirmed subscription; the same for each press of its link while that lives."""

    subscription_id: str
    list_id: str
    list_name: str


class ConfirmationView(View):
    """What a link confirms. The address is masked: a forwarded email must not reveal it."""

    is_confirmed: bool
    list_name: str
    masked_email: str
    consent_version: str
    consent_text: str
    requested_in_account: bool


class ConsentView(View):
    """The stored evidence of a consent."""

    version: str
    text: str
    source: str
    requested_at: Timestamp
    confirmed_at: Timestamp


class SubscriptionView(View):
    """A subscription of the account."""

    subscription_id: str
    list_id: str
    list_name: str
    email: str
    consent: ConsentView
    suspended_at: Timestamp | None
    suspension_reason: str | None


class SubscriptionsView(View):
    """The subscriptions of the account."""

    items: list[SubscriptionView]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionsApi:
    """The handlers of subscriptions."""

    subscribe_service: SubscribeService
    unsubscribe_service: UnsubscribeService
    account_export: AccountExport
    opt_in_requests_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        opt_ins = RateLimit(self.opt_in_requests_per_minute, timedelta(minutes=1), "opt-in-requests")
        subscriptions = f"{_NEWSLETTER}/subscriptions"
        return (
            post(
                subscriptions,
                self.subscribe,
                access=PUBLIC,
                status=202,
                limit=opt_ins,
                errors=(ListNotFoundError, InvalidEmailAddressError, OwnAddressError),
            ),
            get(f"{_NEWSLETTER}/confirmations", self.get_confirmation, access=PUBLIC, errors=(InvalidTokenError,)),
            post(f"{_NEWSLETTER}/confirmations", self.confirm_subscription, access=PUBLIC, errors=(InvalidTokenError,)),
            get(f"{subscriptions}/mine", self.list_my_subscriptions, access=customer()),
            delete(
                f"{subscriptions}/{{subscription_id}}",
                self.delete_subscription,
                access=customer(),
                errors=(SubscriptionNotFoundError,),
            ),
        )

    async def subscribe(self, call: RequestContext, body: SubscribeBody) -> PendingView:
        """Request a subscription. It starts when the owner of the address opens the link that we email."""
        source = ConsentSource.ACCOUNT if call.principal.kind == "customer" else ConsentSource.PAGE
        await self.subscribe_service.request(body.list_id, body.email, source=source, at=call.now)
        return PendingView()

    async def get_confirmation(self, call: RequestContext, query: LinkTokenQuery) -> ConfirmationView:
        """Show what the token of the email confirms; looking, as mail scanners do, changes nothing."""
        details = await self.subscribe_service.get_details(query.token, at=call.now)
        return ConfirmationView(
            is_confirmed=details.is_confirmed,
            list_name=details.list_name,
            masked_email=details.masked_email,
            consent_version=details.consent_version,
            consent_text=CONSENT_TEXTS[details.consent_version].render(details.list_name),
            requested_in_account=details.requested_in_account,
        )

    async def confirm_subscription(self, call: RequestContext, body: LinkTokenBody) -> SubscribedView:
        """Confirm a subscription with the token of the email.

        It is linked to your account if you are logged in here, not to the one that requested it. A second call gives
        the same reply while the subscription is in force.
        """
        account_id = call.principal.id if call.principal.kind == "customer" else ""
        subscription, mailing_list = await self.subscribe_service.confirm(
            body.token, account_id=account_id, at=call.now
        )
        return SubscribedView(
            subscription_id=subscription.subscription_id, list_id=mailing_list.list_id, list_name=mailing_list.name
        )

    async def list_my_subscriptions(self, call: RequestContext) -> SubscriptionsView:
        """List your subscriptions with the evidence of your consent."""
        return SubscriptionsView(
            items=[
                _subscription_view(details)
                for details in await self.account_export.list_subscriptions(call.principal.id)
            ]
        )

    async def delete_subscription(self, call: RequestContext) -> None:
        """End one of your subscriptions."""
        await self.unsubscribe_service.unsubscribe_by_owner(
            call.principal.id, call.path["subscription_id"], at=call.now
        )


def _subscription_view(details: SubscriptionDetails) -> SubscriptionView:
    found = details.recipient.subscription
    consent = ConsentView(
        version=found.consent.consent_version,
        text=CONSENT_TEXTS[found.consent.consent_version].render(details.list_name),
        source=found.consent.source.value,
        requested_at=rfc3339(found.consent.requested_at),
        confirmed_at=rfc3339(found.consent.confirmed_at),
    )
    return SubscriptionView(
        subscription_id=found.subscription_id,
        list_id=found.list_id,
        list_name=details.list_name,
        email=details.recipient.email,
        consent=consent,
        suspended_at=rfc3339(found.suspended_at) if found.suspended_at else None,
        suspension_reason=found.suspension_reason.value if found.suspension_reason else None,
    )
