"""Events and RPCs of identity: decode, then make one call."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from services.identity.domain.privacy_requests.lifecycle import OTHER_SERVICES, RetainedItem
from services.identity.events.payments import PaymentEvents
from services.identity.service.oauth.agreement_client import AgreementClient
from services.identity.service.oauth.partner_clients import PartnerClientService
from services.identity.service.privacy_requests.erasures import ErasureSaga
from services.identity.service.sessions.app_passwords import AppPasswordService
from services.identity.service.sessions.tokens import LocalTokenTrust
from services.identity.service.staff.contacts import ContactResolver
from services.identity.service.staff.inspection_notice import InspectionNotifier
from shared.bus import EventDelivery, EventSubscription, RpcContext, RpcHandler, on
from shared.clock import Clock
from shared.contracts import common_v1, disclosure_v1, identity_v1, sync_v1


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityEvents:
    """The handlers of events and RPCs."""

    trust: LocalTokenTrust
    contact_resolver: ContactResolver
    app_password_service: AppPasswordService
    partner_client_service: PartnerClientService
    agreement_client: AgreementClient
    erasure_saga: ErasureSaga
    inspection_notifier: InspectionNotifier
    payment_events: PaymentEvents
    clock: Clock

    def build_subscriptions(self) -> tuple[EventSubscription, ...]:
        """Return the subscriptions."""
        receipts = tuple(
            on(common_v1.ErasureCompleted, service, self.on_erasure_completed) for service in OTHER_SERVICES
        )
        ended = on(disclosure_v1.AgreementEnded, "disclosure", self.on_agreement_ended)
        inspected = on(sync_v1.InspectionEnded, "sync", self.on_inspection_ended)
        # Broadcast: every replica caches revoked sessions and agreements.
        on_agreement = on(disclosure_v1.AgreementEnded, "disclosure", self.on_agreement_changed, transactional=False)
        on_session = on(identity_v1.SessionRevoked, "identity", self.on_session_revoked, transactional=False)
        return (
            EventSubscription(queue="identity.erasure_receipts", handlers=receipts),
            EventSubscription(queue="identity.agreements", handlers=(ended,)),
            EventSubscription(queue="identity.inspections", handlers=(inspected,)),
            self.payment_events.build_subscription(),
            EventSubscription(queue="identity.cache_invalidation", handlers=(on_agreement, on_session), broadcast=True),
        )

    def build_rpc_handlers(self) -> tuple[RpcHandler, ...]:
        """Return the RPC handlers."""
        return (
            RpcHandler("identity.signing_keys.get", identity_v1.SigningKeysGetRequest, self.get_signing_keys),
            RpcHandler("identity.contact.resolve", identity_v1.ContactResolveRequest, self.resolve_contact),
            RpcHandler("identity.account.find", identity_v1.AccountFindRequest, self.find_account),
            RpcHandler("identity.credential.verify", identity_v1.CredentialVerifyRequest, self.verify_credential),
        )

    async def on_erasure_completed(self, event: common_v1.ErasureCompleted, delivery: EventDelivery) -> None:
        """Record the receipt of the service that published it."""
        service = delivery.type.partition(".")[0]
        retained_items = [
            RetainedItem(description=item.description, reason=item.reason, until=_parse_until(item))
            for item in event.retained_items
        ]
        await self.erasure_saga.record_receipt(
            event.erasure_id, service, event.erased_counts, retained_items, at=self.clock()
        )

    async def on_agreement_ended(self, event: disclosure_v1.AgreementEnded, _delivery: EventDelivery) -> None:
        """Revoke the tokens of the partner's clients (C13)."""
        await self.partner_client_service.revoke_by_agreement(
            event.agreement_id, ended_at=event.ended_at.ToDatetime(UTC), at=self.clock()
        )

    async def on_inspection_ended(self, event: sync_v1.InspectionEnded, _delivery: EventDelivery) -> None:
        """Notify the owner by email (C12)."""
        ended_at = event.ended_at.ToDatetime(UTC)
        await self.inspection_notifier.notify_owner(
            event.account_id, event.inspection_id, access_count=event.access_count, ended_at=ended_at
        )

    async def on_agreement_changed(self, event: disclosure_v1.AgreementEnded, _delivery: EventDelivery) -> None:
        """Invalidate the cached agreement."""
        self.agreement_client.invalidate(event.agreement_id)

    async def on_session_revoked(self, event: identity_v1.SessionRevoked, _delivery: EventDelivery) -> None:
        """Reject the tokens of a session that another replica revoked (C22)."""
        self.trust.record_revocation(event.session_id, tokens_end_at=event.tokens_expire_at.ToDatetime(UTC))

    async def get_signing_keys(
        self, _request: identity_v1.SigningKeysGetRequest, _context: RpcContext
    ) -> identity_v1.SigningKeysGetReply:
        """Return the public signing keys, and the sessions revoked within the lifetime of a token."""
        reply = identity_v1.SigningKeysGetReply(jwks=json.dumps(self.trust.signing_keys.build_jwks()))
        for session_id, tokens_end_at in (await self.trust.load_revocations(at=self.clock())).items():
            reply.revoked.add(session_id=session_id).tokens_expire_at.FromDatetime(tokens_end_at)
        return reply

    async def resolve_contact(
        self, request: identity_v1.ContactResolveRequest, context: RpcContext
    ) -> identity_v1.ContactResolveReply:
        """Return the email address of an account for the caller's purpose; the access is recorded in the ledger."""
        email = await self.contact_resolver.resolve(
            request.account_id, caller=context.caller, purpose=context.purpose, basis=request.basis, at=self.clock()
        )
        return identity_v1.ContactResolveReply(found=email is not None, email=email or "")

    async def find_account(
        self, request: identity_v1.AccountFindRequest, context: RpcContext
    ) -> identity_v1.AccountFindReply:
        """Return the account with an email address for the caller's purpose; the access is recorded in the ledger."""
        found = await self.contact_resolver.find_account(
            request.email, caller=context.caller, purpose=context.purpose, basis=request.basis, at=self.clock()
        )
        return identity_v1.AccountFindReply(found=found is not None, account_id=found or "")

    async def verify_credential(
        self, request: identity_v1.CredentialVerifyRequest, context: RpcContext
    ) -> identity_v1.CredentialVerifyReply:
        """Return the account, scope and expiry of an app password."""
        found = await self.app_password_service.verify(
            request.username, request.app_password, purpose=context.purpose, at=self.clock()
        )
        if found is None:
            return identity_v1.CredentialVerifyReply(accepted=False)
        reply = identity_v1.CredentialVerifyReply(
            accepted=True, account_id=found.account_id, app_password_id=found.id, scope=found.scope
        )
        reply.expires_at.FromDatetime(found.expires_at)
        return reply


def _parse_until(item: common_v1.RetainedItem) -> datetime | None:
    return item.retained_until.ToDatetime(UTC) if item.HasField("retained_until") else None
