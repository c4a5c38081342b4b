"""Page views of the website: how often a public page was shown in a week, and nothing of the visitor."""

from dataclasses import dataclass
from enum import StrEnum


class Page(StrEnum):
    """The pages whose views are counted; those with a form for an account are not among them."""

    COOKIES = "cookies"
    DATA_MAP = "data_map"
    DOCS = "docs"
    DOCS_SERVICE = "docs_service"
    ERRORS = "errors"
    HOME = "home"
    NEWSLETTER = "newsletter"
    NEWSLETTER_ARCHIVE = "newsletter_archive"
    NEWSLETTER_ISSUE = "newsletter_issue"
    POLICY = "policy"
    PROMISES = "promises"
    SECURITY = "security"
    STATISTICS = "statistics"
    TRANSPARENCY = "transparency"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class PageViewCount:
    """The views of one page in one week."""

    week: str
    page: str
    views: int
