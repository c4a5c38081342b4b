"""Verifies the signed events of the processor (Stripe's webhook signatures, version 1)."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from shared.settings import Secret

MAX_AGE = timedelta(minutes=5)
MAX_CLOCK_SKEW = timedelta(seconds=30)
"""How far the processor's clock may be ahead. A signature from the future would stay valid for longer than MAX_AGE."""


class InvalidSignatureError(Exception):
    """The event is not signed by the processor, or not lately, or it cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorEvent:
    """An event: a hint to read *object_id* again, never a fact by itself."""

    event_id: str
    type: str
    object_id: str


_Id = Annotated[str, Field(pattern=r"^[A-Za-z]+_[A-Za-z0-9_]{1,120}$")]


class _EventObject(BaseModel):
    id: _Id


class _EventData(BaseModel):
    object: _EventObject


class _EventBody(BaseModel):
    """The parts of the body that are read. Everything else, such as the name of a person, is left unread."""

    id: _Id
    type: Annotated[str, Field(pattern=r"^[a-z0-9_.]{1,100}$")]
    data: _EventData


class EventVerifier:
    """Holds the signing secrets of the endpoint: more than one while they are rotated."""

    def __init__(self, secrets: Sequence[Secret]) -> None:
        self._secrets = [secret.get_secret_value().encode() for secret in secrets]

    def parse_event(self, body: bytes, signature: str, *, at: datetime) -> ProcessorEvent:
        """Return the event of a request; raises InvalidSignatureError without anything of the body."""
        signed_at, digests = _parse_header(signature)
        if not -MAX_CLOCK_SKEW <= at - signed_at <= MAX_AGE:
            raise InvalidSignatureError
        signed = f"{signed_at.timestamp():.0f}.".encode() + body
        expected = [hmac.new(secret, signed, hashlib.sha256).hexdigest() for secret in self._secrets]
        if not any(hmac.compare_digest(digest, right) for digest in digests for right in expected):
            raise InvalidSignatureError
        try:
            event = _EventBody.model_validate(json.loads(body))
        except (ValueError, RecursionError, ValidationError):
            raise InvalidSignatureError from None  # the cause quotes the body
        return ProcessorEvent(event_id=event.id, type=event.type, object_id=event.data.object.id)


def _parse_header(signature: str) -> tuple[datetime, list[str]]:
    """Return the time and the version 1 digests of a header: ``t=1700000000,v1=…,v1=…``."""
    parts = [part.partition("=") for part in signature.split(",")]
    times = [value for name, _, value in parts if name.strip() == "t"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit()) or len(times[0]) > 11:
        raise InvalidSignatureError
    digests = [value for name, _, value in parts if name.strip() == "v1" and value.isascii()]
    return datetime.fromtimestamp(int(times[0]), UTC), digests
