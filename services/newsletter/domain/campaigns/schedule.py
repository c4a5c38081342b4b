"""When a campaign is to be sent: a local time in an IANA zone, or an instant."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.newsletter.errors import InvalidScheduleError

_MAX_AHEAD = timedelta(days=366)
# Files beside the zones: the zone of this machine, one that says "not set", and copies, of which right/ counts leap
# seconds and so gives other times.
_UNKNOWN_ZONE = "the time zone is none of the IANA names, such as Europe/Berlin"
_NO_ZONES = ("localtime", "Factory", "posixrules", "posix/", "right/")


@dataclass(frozen=True, slots=True)
class Schedule:
    """An instant, and the zone in which an editor chose it. A later change of the zone's rules moves nothing."""

    at: datetime
    time_zone: str

    @property
    def local_time(self) -> datetime:
        """The instant in its zone, with the offset."""
        return self.at.astimezone(ZoneInfo(self.time_zone))


def parse_schedule(text: str, time_zone: str, *, now: datetime) -> Schedule:
    """Return the schedule for the local time *text* (``2027-03-28T02:30``, with an offset where it occurs twice).

    Raises InvalidScheduleError for a zone or a time that does not exist, one that is ambiguous, and one that is past.
    """
    zone = _find_zone(time_zone)
    try:
        given = datetime.fromisoformat(text)
    except ValueError as fault:
        raise InvalidScheduleError("this is no time such as 2027-03-28T09:30") from fault
    try:
        at = (_resolve_local(given, zone) if given.tzinfo is None else _check_offset(given, zone)).astimezone(UTC)
    except OverflowError as fault:  # the first or the last day of the calendar, in another zone
        raise InvalidScheduleError("this time cannot be computed") from fault
    if at <= now:
        raise InvalidScheduleError("this time has passed")
    if at > now + _MAX_AHEAD:
        raise InvalidScheduleError("this time is more than a year ahead")
    return Schedule(at=at.replace(microsecond=0), time_zone=time_zone)


def _find_zone(name: str) -> ZoneInfo:
    if name.startswith(_NO_ZONES):
        raise InvalidScheduleError(_UNKNOWN_ZONE, field="time_zone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise InvalidScheduleError(_UNKNOWN_ZONE, field="time_zone") from fault


def _resolve_local(given: datetime, zone: ZoneInfo) -> datetime:
    first, second = (given.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    if not _exists(first, zone):
        raise InvalidScheduleError("this time does not exist there: the clocks are put forward over it")
    raise InvalidScheduleError(
        f"this time occurs twice there: add the offset, {first:%z} for the first or {second:%z} for the second"
    )


def _check_offset(given: datetime, zone: ZoneInfo) -> datetime:
    if given.utcoffset() != given.astimezone(zone).utcoffset():
        raise InvalidScheduleError("the zone does not have this offset at this time")
    return given


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    return local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)
