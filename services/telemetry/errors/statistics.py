"""The errors of the public statistics."""

from shared.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError


class BudgetExceededError(ConflictError):
    """The release would exceed the privacy budget of its year."""

    code = "telemetry.budget.exceeded"
    remedy = "The week stays unreleased. Raise the yearly budget in public, or wait for the next year."


class NoiseUnavailableError(UnavailableError):
    """The noise of a release cannot be drawn."""

    code = "telemetry.noise.unavailable"
    remedy = "Install requirements-statistics.lock and name its Python in TELEMETRY_NOISE_PYTHON."


class WeekReleasedError(ConflictError):
    """The week is released already."""

    code = "telemetry.week.released"
    remedy = "Read its release: a week is drawn once."


class ReleaseNotFoundError(NotFoundError):
    """There is no release of this week."""

    code = "telemetry.release.not_found"
    remedy = "List the releases at /v1/telemetry/statistics."


class InvalidWeekError(InvalidInputError):
    """This is not the name of a week."""

    code = "telemetry.week.invalid"
    remedy = "Name an ISO week in ASCII digits, for example 2026-W47."
