"""Counts authentication attempts by outcome, so that operators see an attack while it runs."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from services.identity.errors import (
    AccountFrozenError,
    IncorrectPasswordError,
    InvalidChallengeError,
    InvalidCredentialsError,
    InvalidPasskeyError,
    InvalidSecondFactorError,
    PasswordCancelledError,
    PasswordHashingBusyError,
    TooManyLoginAttemptsError,
)
from shared import observe
from shared.errors import ServiceError

R = TypeVar("R")

_LABELS: Final = ("method", "outcome")
SUCCEEDED: Final = "succeeded"
SECOND_FACTOR_REQUIRED: Final = "second_factor_required"
_OTHER: Final = "other"
_FAILURES: Final[dict[type[ServiceError], str]] = {
    InvalidCredentialsError: "rejected",
    IncorrectPasswordError: "rejected",
    InvalidSecondFactorError: "rejected",
    InvalidPasskeyError: "rejected",
    InvalidChallengeError: "challenge_invalid",
    TooManyLoginAttemptsError: "locked_out",
    AccountFrozenError: "account_frozen",
    PasswordCancelledError: "password_cancelled",
    PasswordHashingBusyError: "overloaded",
}


class AttemptCounter:
    """A counter with the labels ``method`` and ``outcome``. No label depends on the account or the client."""

    def __init__(
        self, counter: observe.Counter, *, methods: Sequence[str], successes: Sequence[str] = (SUCCEEDED,)
    ) -> None:
        """Start every series at 0, so that an alert sees the first failure."""
        self._counter = counter
        for method in methods:
            for outcome in (*successes, *_FAILURES.values()):
                self._counter.labels(method, outcome)

    async def count_attempt(
        self, method: str, attempt: Awaitable[R], *, outcome: Callable[[R], str] = lambda _: SUCCEEDED
    ) -> R:
        """Return the result of *attempt* and count its *outcome*; count and raise its error."""
        try:
            result = await attempt
        except ServiceError as fault:
            self._counter.labels(method, _FAILURES.get(type(fault), _OTHER)).inc()
            raise
        self._counter.labels(method, outcome(result)).inc()
        return result


LOGIN_ATTEMPTS = AttemptCounter(
    observe.counter(
        "candor_identity_login_attempts_total",
        "Login attempts by method and outcome; a second factor is counted apart.",
        _LABELS,
    ),
    methods=("password", "passkey"),
    successes=(SUCCEEDED, SECOND_FACTOR_REQUIRED),
)
SECOND_FACTOR_ATTEMPTS = AttemptCounter(
    observe.counter(
        "candor_identity_second_factor_attempts_total",
        "Attempts to prove a second factor, at login and at a step-up, by method and outcome.",
        _LABELS,
    ),
    methods=("code", "passkey"),
)
REAUTHENTICATION_ATTEMPTS = AttemptCounter(
    observe.counter(
        "candor_identity_reauthentication_attempts_total",
        "Attempts to confirm the password of a session, by method and outcome.",
        _LABELS,
    ),
    methods=("password",),
)
