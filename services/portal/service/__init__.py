"""The use cases of the portal: sessions, API calls, the merged reference, the promise table."""

from services.portal.service.promises import PromiseRow, PromiseTable, build_promise_table
from services.portal.service.reference import ApiReference
from services.portal.service.sessions import BrowserSessions
from services.portal.service.user_session import PartialResult, UserSession, gather_results

__all__ = [
    "ApiReference",
    "BrowserSessions",
    "PartialResult",
    "PromiseRow",
    "PromiseTable",
    "UserSession",
    "build_promise_table",
    "gather_results",
]
