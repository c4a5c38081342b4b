"""Every refusal that telemetry can give."""

from shared.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError


class OptInRequiredError(ForbiddenError):
    """This installation has not opted in."""

    code = "telemetry.opt_in.required"
    remedy = "Ask the person first; send nothing until they have said yes."


class QuestionOutdatedError(ConflictError):
    """The question has changed since it was answered."""

    code = "telemetry.question.outdated"
    remedy = "Show the current question and ask again; until then send nothing."


class InvalidQuestionVersionError(InvalidInputError):
    """There is no question of this version."""

    code = "telemetry.question_version.invalid"
    remedy = "Use the version that GET /v1/telemetry/question names."


class ReleasableWeekNotFoundError(NotFoundError):
    """No closed week is waiting for its release."""

    code = "telemetry.releasable_week.not_found"
    remedy = "Wait until the week has ended and reports have come in."


class WeekAlreadyReleasedError(ConflictError):
    """The statistics of this week are published already."""

    code = "telemetry.week.already_released"
    remedy = "Read them; a week is released once, so that two releases cannot be subtracted from each other."
