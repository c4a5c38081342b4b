"""Every refusal that telemetry can give."""

from shared.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError


class NoOptInError(ForbiddenError):
    """This installation has not opted in."""

    code = "telemetry.no_opt_in"
    remedy = "Ask the person first; send nothing until they have said yes."


class StaleQuestionError(ConflictError):
    """The question has changed since it was answered."""

    code = "telemetry.stale_question"
    remedy = "Show the current question and ask again; until then send nothing."


class UnknownQuestionError(InvalidInputError):
    """There is no question of this version."""

    code = "telemetry.unknown_question"
    remedy = "Use the version that GET /v1/telemetry/question names."


class NothingToReleaseError(NotFoundError):
    """No closed week is waiting for its release."""

    code = "telemetry.nothing_to_release"
    remedy = "Wait until the week has ended and reports have come in."


class AlreadyReleasedError(ConflictError):
    """The statistics of this week are published already."""

    code = "telemetry.already_released"
    remedy = "Read them; a week is released once, so that two releases cannot be subtracted from each other."
