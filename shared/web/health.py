"""Readiness of the process: the state of its dependencies and background tasks."""

from collections.abc import Iterable

from shared import observe
from shared.errors import FieldProblem
from shared.web.errors import ServiceNotReadyError, ServiceStartingError

log = observe.get_logger(__name__)


class Health:
    """Ready when every part is ready; started from the first time that it was ready.

    When a part fails later, ``/readyz`` removes the process from load balancing. Requests that still arrive are served
    as far as possible: the outbox, for example, absorbs an outage of the broker.
    """

    def __init__(self, parts: Iterable[str] = ()) -> None:
        """All *parts* are missing until ``set_status`` reports them."""
        self._missing: dict[str, str] = dict.fromkeys(parts, "not ready yet")
        self._started = not self._missing

    @property
    def ready(self) -> bool:
        """Whether every part is ready."""
        return not self._missing

    def set_status(self, part: str, *, ok: bool, reason: str = "") -> None:
        """Set the status of *part*; *reason* is one line without personal data or secrets."""
        was_ok = part not in self._missing
        if ok:
            self._missing.pop(part, None)
        else:
            self._missing[part] = reason or "does not answer"
        if ok != was_ok:
            log.info("health.changed", part=part, ok=ok, reason=reason, ready=self.ready)
        self._started = self._started or self.ready

    def check_started(self) -> None:
        """Raise ServiceStartingError until all parts were ready once."""
        if not self._started:
            raise ServiceStartingError(f"Waiting for {', '.join(sorted(self._missing))}.")

    def check_ready(self) -> None:
        """Raise ServiceNotReadyError with each missing part."""
        if self._missing:
            raise ServiceNotReadyError.from_parts(
                tuple(
                    FieldProblem(field=part, code="missing", message=reason) for part, reason in self._missing.items()
                )
            )
