"""The errors of telemetry."""

from shared.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError


class OptInRequiredError(ForbiddenError):
    """The installation has not opted in."""

    code = "telemetry.opt_in.required"
    remedy = "Ask the person first. Send no report before they agree."


class QuestionOutdatedError(ConflictError):
    """The question has changed since the opt-in."""

    code = "telemetry.question.outdated"
    remedy = "Show the current question and ask again. Send no report before the person agrees."


class InvalidQuestionVersionError(InvalidInputError):
    """This version of the question is not the current one."""

    code = "telemetry.question_version.invalid"
    remedy = "Use the version of GET /v1/telemetry/question."


class ReleasableWeekNotFoundError(NotFoundError):
    """No week can be released."""

    code = "telemetry.releasable_week.not_found"
    remedy = "Wait until the week has ended and enough installations have reported."


class WeekAlreadyReleasedError(ConflictError):
    """The statistics of this week are already published."""

    code = "telemetry.week.already_released"
    remedy = "Use the published release. A second one could reveal single installations by subtraction."
