"""What identity hears and answers: receipts of erasures, ended agreements and sessions; questions of the others."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from services.identity.domain.requests import OTHERS, Kept
from services.identity.service.agreements import Agreements
from services.identity.service.app_passwords import Devices
from services.identity.service.contacts import Contacts
from services.identity.service.erasures import ErasureSaga
from services.identity.service.inspected import Inspected
from services.identity.service.partners import PartnerClients
from services.identity.service.tokens import OwnTrust
from shared.bus import Answer, Asked, Delivery, Subscription, on
from shared.clock import Clock
from shared.contracts import common_v1, disclosure_v1, identity_v1, sync_v1


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityEvents:
    """Decodes, makes one call."""

    trust: OwnTrust
    contacts: Contacts
    devices: Devices
    clients: PartnerClients
    agreements: Agreements
    erasures: ErasureSaga
    inspected: Inspected
    clock: Clock

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return what identity consumes."""
        receipts = tuple(on(common_v1.ErasureCompleted, service, self.on_erasure_completed) for service in OTHERS)
        ended = on(disclosure_v1.AgreementEnded, "disclosure", self.on_agreement_ended)
        inspected = on(sync_v1.InspectionEnded, "sync", self.on_inspection_ended)
        # Every replica keeps ended sessions and agreements in mind, so every one must hear of a change.
        forget = on(disclosure_v1.AgreementEnded, "disclosure", self.on_agreement_changed, transactional=False)
        refuse = on(identity_v1.SessionEnded, "identity", self.on_session_ended, transactional=False)
        return (
            Subscription(queue="identity.receipts", handles=receipts),
            Subscription(queue="identity.agreements", handles=(ended,)),
            Subscription(queue="identity.inspections", handles=(inspected,)),
            Subscription(queue="identity.in_mind", handles=(forget, refuse), broadcast=True),
        )

    def answers(self) -> tuple[Answer, ...]:
        """Return the questions that identity answers."""
        return (
            Answer("identity.trust.snapshot", identity_v1.TrustSnapshotRequest, self.trust_snapshot),
            Answer("identity.contact.resolve", identity_v1.ContactResolveRequest, self.contact_resolve),
            Answer("identity.account.find", identity_v1.AccountFindRequest, self.account_find),
            Answer("identity.credential.verify", identity_v1.CredentialVerifyRequest, self.credential_verify),
        )

    async def on_erasure_completed(self, fact: common_v1.ErasureCompleted, delivery: Delivery) -> None:
        """Store the receipt of the service that told it."""
        service = delivery.type.partition(".")[0]
        kept = [Kept(what=item.what, why=item.why, until=_until(item)) for item in fact.kept]
        await self.erasures.receive(fact.erasure_id, service, fact.erased, kept, at=self.clock())

    async def on_agreement_ended(self, fact: disclosure_v1.AgreementEnded, _delivery: Delivery) -> None:
        """End the access of the partner (C13)."""
        await self.clients.agreement_ended(fact.agreement_id, ended_at=fact.ended_at.ToDatetime(UTC), at=self.clock())

    async def on_inspection_ended(self, fact: sync_v1.InspectionEnded, _delivery: Delivery) -> None:
        """Write to the owner (C12)."""
        ended_at = fact.ended_at.ToDatetime(UTC)
        await self.inspected.tell(fact.account_id, fact.inspection_id, looks=fact.looks, ended_at=ended_at)

    async def on_agreement_changed(self, fact: disclosure_v1.AgreementEnded, _delivery: Delivery) -> None:
        """Forget what this process knows of the agreement."""
        self.agreements.drop(fact.agreement_id)

    async def on_session_ended(self, fact: identity_v1.SessionEnded, _delivery: Delivery) -> None:
        """Refuse the tokens of a session that another replica has ended (C22)."""
        self.trust.note(fact.session_id, tokens_end_at=fact.tokens_end_at.ToDatetime(UTC))

    async def trust_snapshot(
        self, _request: identity_v1.TrustSnapshotRequest, _asked: Asked
    ) -> identity_v1.TrustSnapshotReply:
        """Return the keys that sign, and the sessions ended within the life of a token."""
        reply = identity_v1.TrustSnapshotReply(jwks=json.dumps(self.trust.keys.jwks()))
        for session_id, tokens_end_at in (await self.trust.refresh(at=self.clock())).items():
            reply.ended.add(session_id=session_id).tokens_end_at.FromDatetime(tokens_end_at)
        return reply

    async def contact_resolve(
        self, request: identity_v1.ContactResolveRequest, asked: Asked
    ) -> identity_v1.ContactResolveReply:
        """Return the address of an account for the asker's purpose, and write it to the ledger."""
        email = await self.contacts.resolve(
            request.account_id, asker=asked.asker, purpose=asked.purpose, basis=request.basis, at=self.clock()
        )
        return identity_v1.ContactResolveReply(found=email is not None, email=email or "")

    async def account_find(self, request: identity_v1.AccountFindRequest, asked: Asked) -> identity_v1.AccountFindReply:
        """Return the account at an address for the asker's purpose, and write it to the ledger."""
        found = await self.contacts.find(
            request.email, asker=asked.asker, purpose=asked.purpose, basis=request.basis, at=self.clock()
        )
        return identity_v1.AccountFindReply(found=found is not None, account_id=found or "")

    async def credential_verify(
        self, request: identity_v1.CredentialVerifyRequest, asked: Asked
    ) -> identity_v1.CredentialVerifyReply:
        """Tell sync whose an app password is, and what it opens."""
        found = await self.devices.verified(
            request.username, request.app_password, purpose=asked.purpose, at=self.clock()
        )
        if found is None:
            return identity_v1.CredentialVerifyReply(accepted=False)
        reply = identity_v1.CredentialVerifyReply(
            accepted=True, account_id=found.account_id, app_password_id=found.id, scope=found.scope
        )
        reply.expires_at.FromDatetime(found.expires_at)
        return reply


def _until(item: common_v1.Kept) -> datetime | None:
    return item.until.ToDatetime(UTC) if item.HasField("until") else None
