"""The errors of campaigns."""

from collections.abc import Sequence

from shared.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError


class CampaignNotFoundError(NotFoundError):
    """The campaign does not exist."""

    code = "newsletter.campaign.not_found"


class CampaignStateError(ConflictError):
    """The campaign is not in a state that allows this."""

    code = "newsletter.campaign.wrong_state"
    remedy = "Read the campaign: its state shows what can be done with it."


class InvalidScheduleError(InvalidInputError):
    """The campaign cannot be scheduled for this time."""

    code = "newsletter.campaign.invalid_schedule"
    remedy = "Give a time that exists once in the zone, or one with its offset, such as 2027-10-31T02:30+01:00."

    def __init__(self, message: str, *, field: str = "local_time") -> None:
        super().__init__(fields=(FieldProblem(field=field, code="invalid", message=message),))


class UnknownPlaceholderError(InvalidInputError):
    """The text names a field that campaigns do not show."""

    code = "newsletter.campaign.unknown_placeholder"
    remedy = "Use one of the listed fields, or write the braces apart from each other."

    def __init__(self, unknown: Sequence[str], known: Sequence[str], *, field: str) -> None:
        names = ", ".join(name[:40] for name in unknown[:5])
        message = f"unknown: {names}; known: {', '.join(known)}"
        super().__init__(fields=(FieldProblem(field=field, code="unknown_placeholder", message=message),))


class EmptyCampaignError(InvalidInputError):
    """The subject or the text has nothing that a recipient could read."""

    code = "newsletter.campaign.empty"
    remedy = "Write a subject and a text."

    def __init__(self, field: str) -> None:
        super().__init__(fields=(FieldProblem(field=field, code="empty", message="this shows nothing"),))


class PersonalLinkError(InvalidInputError):
    """A link to another host carries what is about its recipient, and that host would log it."""

    code = "newsletter.campaign.personal_link"
    remedy = "Take the field out of the link, link our own website, or use {{unsubscribe_url}} as the whole link."

    def __init__(self, line: int, names: Sequence[str]) -> None:
        message = f"line {line}: a link to another host carries {', '.join(names)}"
        super().__init__(fields=(FieldProblem(field="text", code="personal_link", message=message),))


class ForeignImageError(InvalidInputError):
    """The text shows an image of another host, which would tell that host who reads it and when."""

    code = "newsletter.campaign.foreign_image"
    remedy = "Put the image on the website of the platform and link that one."


class PersonalImageError(InvalidInputError):
    """The address of an image differs between the recipients, which would tell who reads the email and when."""

    code = "newsletter.campaign.personal_image"
    remedy = "Use an image with the same address for everybody."
