"""Carries out what staff decided about an import: one batch after the other, each in one transaction."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from services.newsletter.domain.imports.columns import Contact, ContactState
from services.newsletter.domain.imports.imports import (
    ContactImport,
    ContactOutcome,
    ImportAction,
    ImportDecision,
    ImportState,
)
from services.newsletter.domain.subscriptions.addresses import AddressPolicy
from services.newsletter.domain.subscriptions.consent import CURRENT_CONSENT, ConsentSource
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.domain.subscriptions.opt_in import OptInRequest
from services.newsletter.domain.subscriptions.subscriptions import SuppressionReason
from services.newsletter.emails.imports import ImportEmails
from services.newsletter.errors import ListNotFoundError, OwnAddressError
from services.newsletter.errors.imports import ImportNotFoundError, ImportStartedError
from services.newsletter.service.subscriptions.suppress import SuppressionService
from services.newsletter.store import ContactImports, Invitations, MailingLists, OptInRequests, Subscriptions
from services.newsletter.store.imports.imports import ContactBatch
from shared.ids import NewId
from shared.mail import EmailAddress, InvalidEmailAddressError, MailQueue
from shared.mongo import Transact
from shared.policy import Purpose
from shared.privacy import EraseSubject

READING_TTL = timedelta(hours=1)
"""An upload that takes longer was interrupted, and its process is gone."""
DECISION_TTL = timedelta(days=7)
"""How long a file waits for the decision of staff; then its contacts are deleted."""

_REASONS = {
    ContactState.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
    ContactState.BLOCKED: SuppressionReason.UNSUBSCRIBED,
    ContactState.BOUNCED: SuppressionReason.BOUNCED,
    ContactState.COMPLAINED: SuppressionReason.COMPLAINED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactImporter:
    """Starts, cancels and carries out imports. No contact becomes a subscriber here."""

    lists: MailingLists
    imports: ContactImports
    invitations: Invitations
    opt_in_requests: OptInRequests
    subscriptions: Subscriptions
    suppression_service: SuppressionService
    emails: ImportEmails
    mail_queue: MailQueue
    transact: Transact
    erase_subject: EraseSubject
    new_id: NewId
    address_policy: AddressPolicy
    opt_in_ttl: timedelta

    async def get(self, import_id: str) -> ContactImport:
        """Return an import; raises ImportNotFoundError."""
        found = await self.imports.get(import_id)
        if found is None:
            raise ImportNotFoundError
        return found

    async def list_imports(self, *, after: str | None, limit: int) -> list[ContactImport]:
        """Return up to *limit* imports after the id *after*, ordered by id."""
        return await self.imports.list_page(after=after, limit=limit)

    async def start(self, import_id: str, decision: ImportDecision) -> ContactImport:
        """Start what staff decided; raises ImportStartedError unless the import is ready."""
        if not await self.imports.start(import_id, decision):
            await self.get(import_id)
            raise ImportStartedError
        return await self.get(import_id)

    async def cancel(self, import_id: str, *, at: datetime) -> ContactImport:
        """Stop an import and delete its unprocessed contacts; what is done stays done."""
        if not await self.transact(partial(self._cancel, import_id, at)):
            await self.get(import_id)
            raise ImportStartedError
        return await self.get(import_id)

    async def advance(self, *, at: datetime) -> int:
        """Process one batch of the running import; return how many contacts it had.

        A process that is killed leaves a batch untouched or done, since its effects and its deletion commit together.
        """
        running = await self.imports.get_running()
        if running is None:
            return 0
        batch = await self.imports.next_batch(running.import_id)
        if batch is None:
            await self.transact(partial(self._finish, running.import_id, at))
            return 0
        mailing_list = await self.lists.get(running.list_id)
        if mailing_list is None or running.decision is None:
            raise ListNotFoundError
        step = _Step(importer=self, running=running, decision=running.decision, mailing_list=mailing_list, at=at)
        await self.transact(partial(self._process, step, batch))
        return len(batch.contacts)

    async def delete_stale(self, *, at: datetime) -> int:
        """Cancel the imports whose upload broke off, or without a decision; return how many."""
        stale = await self.imports.list_stale(ImportState.READING, at - READING_TTL)
        stale += await self.imports.list_stale(ImportState.READY, at - DECISION_TTL)
        for import_id in stale:
            await self.transact(partial(self._cancel, import_id, at))
        return len(stale)

    async def _process(self, step: "_Step", batch: ContactBatch) -> None:
        counts: Counter[ContactOutcome] = Counter()
        if not await self.imports.delete_batch(batch.batch_id):
            return  # another process has it
        for contact in batch.contacts:
            counts[await step.process_contact(contact)] += 1
        await self.imports.add_counts(step.running.import_id, counts)

    async def _finish(self, import_id: str, at: datetime) -> None:
        if await self.imports.mark_finished(import_id, at):
            await self.erase_subject(import_id)

    async def _cancel(self, import_id: str, at: datetime) -> bool:
        if not await self.imports.cancel(import_id, at):
            return False
        await self.imports.delete_contacts(import_id)
        await self.erase_subject(import_id)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One batch being processed, in the ambient transaction."""

    importer: ContactImporter
    running: ContactImport
    decision: ImportDecision
    mailing_list: MailingList
    at: datetime

    async def process_contact(self, contact: Contact) -> ContactOutcome:
        """Suppress or invite a contact; return what became of it."""
        try:
            address = EmailAddress(contact.email)
            self.importer.address_policy.reject_own_address(address.email, address.domain)
        except (InvalidEmailAddressError, OwnAddressError):
            return ContactOutcome.REFUSED
        if contact.state is not ContactState.ACTIVE or self.decision.action is ImportAction.SUPPRESS:
            return await self._suppress(contact, address)
        return await self._invite(address)

    async def _suppress(self, contact: Contact, address: EmailAddress) -> ContactOutcome:
        is_new = await self.importer.suppression_service.suppress_address(
            address.email,
            list_id=self.running.list_id,
            reason=_REASONS.get(contact.state, SuppressionReason.STAFF),
            origin=f"{self.running.import_id}: {self.decision.origin}",
            suppressed_at=min(contact.left_at or self.at, self.at),
            at=self.at,
        )
        return ContactOutcome.SUPPRESSED if is_new else ContactOutcome.SUPPRESSED_BEFORE

    async def _invite(self, address: EmailAddress) -> ContactOutcome:
        importer, list_id = self.importer, self.running.list_id
        if await importer.suppression_service.is_suppressed(list_id, address.email):
            return ContactOutcome.SUPPRESSED_BEFORE
        if any(each.list_id == list_id for each in await importer.subscriptions.list_by_email(address.email)):
            return ContactOutcome.SUBSCRIBED_BEFORE
        pending = await importer.opt_in_requests.list_by_email(address.email)
        if any(request.list_id == list_id for request in pending):
            return ContactOutcome.INVITED_BEFORE  # the owner of the address has a confirmation email of this list
        if not await importer.invitations.add(list_id, address.email, import_id=self.running.import_id, at=self.at):
            return ContactOutcome.INVITED_BEFORE
        await self._send_invitation(address)
        return ContactOutcome.INVITED

    async def _send_invitation(self, address: EmailAddress) -> None:
        request = OptInRequest(
            request_id=self.importer.new_id("opt"),
            list_id=self.running.list_id,
            consent_version=CURRENT_CONSENT.version,
            source=ConsentSource.IMPORT,
            import_id=self.running.import_id,
            requested_at=self.at,
            expires_at=self.at + self.importer.opt_in_ttl,
        )
        await self.importer.opt_in_requests.add(request, address.email)
        email = self.importer.emails.render_invitation(self.mailing_list, request, self.decision, address)
        await self.importer.mail_queue.enqueue(
            email,
            subject=request.request_id,
            purpose=Purpose.NEWSLETTER,
            expires_after=self.importer.opt_in_ttl,
        )
