"""The errors of lists and subscriptions; an invalid link is ``auth.token.invalid``, from ``shared.crypto``."""

from shared.errors import NotFoundError


class ListNotFoundError(NotFoundError):
    """The list does not exist."""

    code = "newsletter.list.not_found"


class SubscriptionNotFoundError(NotFoundError):
    """The account has no such subscription."""

    code = "newsletter.subscription.not_found"
