"""An installation as the server sees it: it draws tokens with ``voprf`` and makes reports that carry them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voprf.ristretto import Client, PublicKey, VerifiableOutput

from services.telemetry.domain import QUESTION, decode_bytes, encode_bytes
from shared.ids import random_bytes


@dataclass(frozen=True, slots=True)
class DrawnToken:
    """A token that an installation keeps until its week is over."""

    week: str
    number: bytes
    token: bytes


class Drawing:
    """The numbers of one yes, blinded: ``body`` goes to the server, ``finish`` unblinds its answer."""

    def __init__(self, weeks: Sequence[str], program: str = "omnifocus") -> None:
        self._numbers = [(week, random_bytes(32)) for week in weeks]
        self._blinded = [Client.blind(number) for _, number in self._numbers]
        self._program = program

    @property
    def elements(self) -> list[tuple[str, bytes]]:
        """Pairs of week and blinded number."""
        pairs = zip(self._numbers, self._blinded, strict=True)
        return [(week, blinded.serialize()) for (week, _), (_, blinded) in pairs]

    @property
    def body(self) -> dict[str, Any]:
        """The body of POST /v1/telemetry/tokens."""
        elements = [{"week": week, "blinded": encode_bytes(blinded)} for week, blinded in self.elements]
        return {"program": self._program, "question_version": QUESTION.version, "elements": elements}

    def finish(self, evaluations: Sequence[tuple[bytes, bytes]], public_keys: Sequence[bytes]) -> list[DrawnToken]:
        """Return the tokens from pairs of element and proof; ValueError when a proof is not of its public key."""
        drawn = []
        for place, (week, number) in enumerate(self._numbers):
            element, proof = evaluations[place]
            output = VerifiableOutput.deserialize(proof + element)
            token = self._blinded[place][0].finalize(output, PublicKey.deserialize(public_keys[place]))
            drawn.append(DrawnToken(week, number, token))
        return drawn

    def finish_reply(self, reply: Any, keys: Any) -> list[DrawnToken]:
        """Return the tokens from the reply to ``body`` and that of GET /v1/telemetry/keys."""
        public = {key["week"]: decode_bytes(key["public_key"]) for key in keys["keys"]}
        evaluations = [(decode_bytes(one["evaluated"]), decode_bytes(one["proof"])) for one in reply["evaluations"]]
        return self.finish(evaluations, [public[week] for week, _ in self._numbers])


def report_body(drawn: DrawnToken, **changed: object) -> dict[str, Any]:
    """Return a report with this token."""
    return {
        "question_version": QUESTION.version,
        "week": drawn.week,
        "number": encode_bytes(drawn.number),
        "token": encode_bytes(drawn.token),
        "program": "omnifocus",
        "version": "4.8",
        "os": "macos-26",
        "locale": "en",
        "counters": {"launches": "3 to 9", "crashes": "0", "syncs": "1 to 2"},
        **changed,
    }
