"""Admin actions and abuse reports in an export (C26)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.identity.store import AbuseReportDocument, AbuseReports, AdminActions, QuestionDocument, Questions
from shared.clock import rfc3339
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminActionExport:
    """Exports admin actions and abuse reports."""

    admin_actions: AdminActions
    abuse_reports: AbuseReports
    questions: Questions

    async def export(self, account_id: str) -> Mapping[str, Any]:
        """Return the content of each file by name."""
        actions = [
            {
                "admin_action_id": action.id,
                "kind": action.kind.value,
                "state": action.state.value,
                "reason": action.reason,
                "requested_at": rfc3339(action.requested_at),
                "completed_at": rfc3339(action.completed_at) if action.completed_at else None,
            }
            for action in await self.admin_actions.list_by_account(account_id)
        ]
        reports = [await self._report_data(report) for report in await self.abuse_reports.list_by_account(account_id)]
        questions = [await self._question_data(one) for one in await self.questions.list_by_account(account_id)]
        return {
            "admin_actions.json": {"admin_actions": actions},
            "abuse_reports.json": {"abuse_reports": reports},
            "questions.json": {"questions": questions},
        }

    async def _question_data(self, question: QuestionDocument) -> Mapping[str, Any]:
        return {
            "question_id": question.id,
            "topic": question.topic.value,
            "state": question.state.value,
            "created_at": rfc3339(question.created_at),
            "text": await self.questions.open_field(question, "text", Purpose.EXPORT),
            "answer": await self.questions.open_field(question, "answer", Purpose.EXPORT),
        }

    async def _report_data(self, report: AbuseReportDocument) -> Mapping[str, Any]:
        return {
            "report_id": report.id,
            "kind": report.kind.value,
            "state": report.state.value,
            "created_at": rfc3339(report.created_at),
            "text": await self.abuse_reports.open_field(report, "text", Purpose.EXPORT),
            "answer": await self.abuse_reports.open_field(report, "answer", Purpose.EXPORT),
        }
