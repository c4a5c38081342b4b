"""Whether the process may be given work: the parts that it needs, the tasks that it runs."""

from collections.abc import Iterable

from shared import observe
from shared.errors import FieldProblem
from shared.web.errors import ServiceNotReadyError, ServiceStartingError

log = observe.get_logger(__name__)


class Health:
    """Ready when every part is; *started* once it was ready for the first time, and from then on for good.

    A part that fails later takes the process out of the balance (``/readyz``), but requests that arrive are still
    served as far as they can be: an outbox absorbs what a broker cannot take.
    """

    def __init__(self, parts: Iterable[str] = ()) -> None:
        """All *parts* count as missing until ``set`` says otherwise."""
        self._missing: dict[str, str] = dict.fromkeys(parts, "not there yet")
        self._started = not self._missing

    @property
    def ready(self) -> bool:
        """Whether every part is there."""
        return not self._missing

    def set_status(self, part: str, *, ok: bool, reason: str = "") -> None:
        """Say that *part* is there, or is not and *why*: one line without personal data or secrets."""
        was_ok = part not in self._missing
        if ok:
            self._missing.pop(part, None)
        else:
            self._missing[part] = reason or "does not answer"
        if ok != was_ok:
            log.info("health.changed", part=part, ok=ok, reason=reason, ready=self.ready)
        self._started = self._started or self.ready

    def check_started(self) -> None:
        """Raise StartingError until all parts have been there once."""
        if not self._started:
            raise ServiceStartingError(f"Waiting for {', '.join(sorted(self._missing))}.")

    def check_ready(self) -> None:
        """Raise NotReadyError with each part that is missing."""
        if self._missing:
            raise ServiceNotReadyError.from_parts(
                tuple(FieldProblem(field=part, code="missing", message=why) for part, why in self._missing.items())
            )
