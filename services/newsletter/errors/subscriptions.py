"""The errors of lists and subscriptions; an invalid link is ``auth.token.invalid``, from ``shared.crypto``."""

from shared.errors import InvalidInputError, NotFoundError


class ListNotFoundError(NotFoundError):
    """The list does not exist."""

    code = "newsletter.list.not_found"


class SubscriptionNotFoundError(NotFoundError):
    """The account has no such subscription."""

    code = "newsletter.subscription.not_found"


class OwnAddressError(InvalidInputError):
    """This address belongs to the platform itself.

    Mail to it is handled by a program, so a subscription would make a loop.
    """

    code = "newsletter.address.own_domain"
    remedy = "Enter the address of a person."
