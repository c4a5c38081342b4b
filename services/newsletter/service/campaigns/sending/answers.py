"""Records the answers of the relay for each campaign, and pauses one that is refused too often."""

import asyncio
from collections import defaultdict

from services.newsletter.domain.campaigns.answers import AnswerKind, judge_answers
from services.newsletter.store import Campaigns
from shared import observe
from shared.mongo import StoreUnavailableError

log = observe.get_logger(__name__)

_FLUSH_INTERVAL = 0.25


class AnswerRecorder:
    """Collects answers and stores them a few times a second."""

    def __init__(self, campaigns: Campaigns) -> None:
        self._campaigns = campaigns
        self._pending: dict[str, list[AnswerKind]] = defaultdict(list)
        answers = observe.counter(
            "candor_newsletter_answers_total", "Answers of the relay to campaign emails, by kind.", ("kind",)
        )
        self._answers = {kind: answers.labels(kind) for kind in AnswerKind}

    def record(self, campaign_id: str, kind: AnswerKind) -> None:
        """Note an answer."""
        self._pending[campaign_id].append(kind)
        self._answers[kind].inc()

    async def run(self) -> None:
        """Store the answers until cancelled."""
        while True:
            await asyncio.sleep(_FLUSH_INTERVAL)
            try:
                await self.flush_answers()
            except StoreUnavailableError:
                log.warning("newsletter.answers_unavailable")

    async def flush_answers(self) -> None:
        """Store what has been noted; pause the campaigns that must not go on."""
        pending, self._pending = self._pending, defaultdict(list)
        for campaign_id, kinds in pending.items():
            await self._campaigns.record_answers(campaign_id, kinds)
            if AnswerKind.BLOCKED in kinds or AnswerKind.SOFT in kinds:
                await self._judge(campaign_id)

    async def _judge(self, campaign_id: str) -> None:
        verdict = judge_answers(await self._campaigns.list_newest_answers(campaign_id))
        if verdict is not None and await self._campaigns.mark_paused(campaign_id, verdict):
            log.warning("newsletter.campaign_paused", campaign_id=campaign_id, reason=verdict.reason)
