"""What follows from a verdict on a letter of a campaign."""

from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.campaigns.answers import AnswerKind, judge_answers
from services.newsletter.domain.inbound.judge import Door
from services.newsletter.domain.inbound.received import BounceScore, JudgedMail, ScorePolicy, was_accepted_between
from services.newsletter.domain.inbound.verdicts import Verdict
from services.newsletter.domain.subscriptions.subscriptions import SuppressionReason, UnsubscribeMethod
from services.newsletter.emails.links import EmailLinks
from services.newsletter.service.subscriptions.suppress import SuppressionService
from services.newsletter.service.subscriptions.unsubscribe import UnsubscribeService
from services.newsletter.store import Campaigns
from services.newsletter.store.inbound import BounceScores, CampaignReports, Letters


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictEffects:
    """Suspends addresses, ends subscriptions and counts, in the ambient transaction; and takes it back."""

    letters: Letters
    campaigns: Campaigns
    bounce_scores: BounceScores
    campaign_reports: CampaignReports
    unsubscribe_service: UnsubscribeService
    suppression_service: SuppressionService
    links: EmailLinks
    policy: ScorePolicy

    async def apply(self, mail: JudgedMail, *, at: datetime) -> None:
        """Do what the verdict on *mail* means for the subscription and the campaign."""
        if _is_report(mail):
            await self.campaign_reports.count_report(mail.campaign_id, mail.judgement)
            if mail.judgement.refuses_us:
                await self._pause_if_refused(mail.campaign_id)
        if mail.subscription_id and mail.judgement.counts:
            await self._apply_to_subscription(mail, at)

    async def revert(self, mail: JudgedMail, *, at: datetime) -> int:
        """Take back what followed from the verdict; return how many subscriptions get letters again.

        An unsubscription is not taken back: the owner asked for it.
        """
        if _is_report(mail):
            await self.campaign_reports.count_report(mail.campaign_id, mail.judgement, by=-1)
        if mail.subscription_id and mail.judgement.counts:
            score = await self.bounce_scores.get(mail.subscription_id)
            await self.bounce_scores.put(score.remove_letter(mail.mail_id))
        return await self.suppression_service.resume_address(mail.received_id, at=at)

    async def _apply_to_subscription(self, mail: JudgedMail, at: datetime) -> None:
        match mail.judgement.verdict:
            case Verdict.HARD:
                await self._suspend(mail, SuppressionReason.BOUNCED, at)
            case Verdict.COMPLAINT:
                await self._suspend(mail, SuppressionReason.COMPLAINED, at)
            case Verdict.SOFT:
                await self._add_to_score(mail, at)
            case Verdict.UNSUBSCRIBE:
                token = self.links.unsubscribe_token(mail.subscription_id)
                await self.unsubscribe_service.unsubscribe_by_token(token, method=UnsubscribeMethod.MAIL, at=at)
            case Verdict.AUTO_REPLY | Verdict.UNKNOWN:
                pass

    async def _pause_if_refused(self, campaign_id: str) -> None:
        """Let the refusal count as the relay's own answers do: too many pause the campaign."""
        await self.campaigns.record_answers(campaign_id, [AnswerKind.BLOCKED])
        verdict = judge_answers(await self.campaigns.list_newest_answers(campaign_id))
        if verdict is not None:
            await self.campaigns.mark_paused(campaign_id, verdict)

    async def _suspend(self, mail: JudgedMail, reason: SuppressionReason, at: datetime) -> None:
        await self.suppression_service.suspend_address(
            mail.subscription_id, reason=reason, verdict_id=mail.received_id, at=at
        )

    async def _add_to_score(self, mail: JudgedMail, at: datetime) -> None:
        score = await self.bounce_scores.get(mail.subscription_id)
        between = await self._was_accepted_between(score, mail.mail_id)
        score = score.add(mail.mail_id, at, accepted_between=between)
        await self.bounce_scores.put(score)
        if self.policy.is_dead(score):
            await self._suspend(mail, SuppressionReason.BOUNCED, at)

    async def _was_accepted_between(self, score: BounceScore, mail_id: str) -> bool:
        if not score.mail_ids:
            return False
        letters = await self.letters.list_accepted(score.subscription_id)
        return was_accepted_between(letters, score.mail_ids, mail_id)


def _is_report(mail: JudgedMail) -> bool:
    """Whether the campaign counts it: what the relay refuses, the sending engine counts itself."""
    return bool(mail.campaign_id) and mail.door is not Door.RELAY
