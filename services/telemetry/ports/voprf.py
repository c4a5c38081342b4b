"""Tokens by the verifiable oblivious pseudorandom function of RFC 9497 (ristretto255-SHA512), over ``voprf``.

The device blinds a random number; the server evaluates it under the key of the week, with a proof that it used the
published key; the device unblinds the result, which is the token. The server cannot link a token to its issuance.
"""

from collections.abc import Sequence
from functools import lru_cache
from hmac import compare_digest
from typing import NamedTuple

from voprf.ristretto import BlindedInput, Evaluator

from services.telemetry.domain.streams import Stream
from shared.crypto.keyring import Key

PROOF_BYTES = 64
_CACHED_KEYS = 256
_KEY_INFO = "candor-telemetry-token"


class InvalidElementError(ValueError):
    """The bytes are no element of the group, or the identity."""


class Evaluation(NamedTuple):
    """An evaluated element, and the proof that the published key made it (RFC 9497, 2.2)."""

    element: bytes
    proof: bytes


class TokenKeys:
    """The keys of all weeks, derived from the seeds of the keyring by stream, question version and week.

    The newest seed issues. Older seeds still verify, so that a new one does not end the tokens on the devices.
    """

    def __init__(self, seeds: Sequence[Key]) -> None:
        """*seeds* are ordered by age, the newest last; at least one."""
        if not seeds:
            raise ValueError("a token key needs a seed")
        self._seeds = tuple(reversed(seeds))
        self._derive = lru_cache(_CACHED_KEYS)(derive_key)

    def evaluate_element(self, blinded: bytes, *, stream: Stream, question_version: int, week: str) -> Evaluation:
        """Return the evaluation of *blinded* under the key of *week*; raises InvalidElementError."""
        try:
            element = BlindedInput.deserialize(blinded)
        except ValueError:
            raise InvalidElementError from None
        output = self._key(self._seeds[0], stream, question_version, week).evaluate(element).serialize()
        return Evaluation(element=output[PROOF_BYTES:], proof=output[:PROOF_BYTES])  # the library puts the proof first

    def verify(self, number: bytes, token: bytes, *, stream: Stream, question_version: int, week: str) -> bool:
        """Return whether *token* is the evaluation of *number* under the key of *week*."""
        return any(
            compare_digest(self._key(seed, stream, question_version, week).evaluate_known_input(number), token)
            for seed in self._seeds
        )

    def get_public_key(self, *, stream: Stream, question_version: int, week: str) -> bytes:
        """Return the public key under which tokens of *week* are issued."""
        return self._key(self._seeds[0], stream, question_version, week).public_key.serialize()

    def _key(self, seed: Key, stream: Stream, question_version: int, week: str) -> Evaluator:
        return self._derive(seed.secret, f"{_KEY_INFO}/{stream}/{question_version}/{week}".encode())


def derive_key(seed: bytes, info: bytes) -> Evaluator:
    """Return the key of *info* (RFC 9497, DeriveKeyPair)."""
    return Evaluator.from_seed(seed, info)
