"""The errors of counting page views."""

from shared.errors import ForbiddenError


class PageViewsOffError(ForbiddenError):
    """Page views are not counted here."""

    code = "telemetry.page_views.off"
    remedy = "Send none. The operator turns them on with CANDOR_PAGE_VIEWS=yes."
