"""One-week tokens on the device: what proves a yes without saying whose (RFC 9497, mode VOPRF)."""

import os
import secrets
from collections.abc import Mapping
from typing import NamedTuple

from candor_telemetry.encoding import decode, encode
from candor_telemetry.files import delete_file, read_object, replace_object

UNUSED_FILE = "tokens.json"
SENT_FILE = "sent.json"
"""The numbers of sent reports: with one, the receiver deletes the report again, as long as it is not counted."""
NUMBER_BYTES = 32


class Token(NamedTuple):
    """The random number of a week, and the receiver's answer to it, which the receiver has never seen together."""

    number: str
    token: str
    public_key: str


class Blinded(NamedTuple):
    """A number on its way to the receiver, who cannot read it."""

    number: bytes
    client: object
    element: bytes


def read_tokens(folder: str, file: str, question_version: int) -> dict[str, Token]:
    """Return the stored tokens by week; none of another version of the question, and none when *file* is damaged."""
    stored = read_object(os.path.join(folder, file)) or {}
    return _parse_tokens(stored.get("weeks")) if stored.get("question_version") == question_version else {}


def store_tokens(folder: str, file: str, question_version: int, tokens: Mapping[str, Token]) -> None:
    """Replace the stored tokens. Raises OSError."""
    weeks = {week: token._asdict() for week, token in tokens.items()}
    replace_object(os.path.join(folder, file), {"question_version": question_version, "weeks": weeks})


def delete_tokens(folder: str, file: str) -> None:
    """Delete *file*."""
    delete_file(os.path.join(folder, file))


def without(tokens: Mapping[str, Token], week: str) -> dict[str, Token]:
    """Return *tokens* without the one of *week*."""
    return {name: token for name, token in tokens.items() if name != week}


def blind_number() -> Blinded:
    """Draw a number and blind it."""
    from voprf import ristretto  # only the sender needs it: a program must start, and leave, without its 5 ms

    number = secrets.token_bytes(NUMBER_BYTES)
    client, element = ristretto.Client.blind(number)
    return Blinded(number, client, element.serialize())


def unblind_token(blinded: Blinded, *, evaluated: bytes, proof: bytes, public_key: bytes) -> Token:
    """Return the token. Raises ValueError when *proof* does not show that it was made with *public_key*."""
    from voprf import ristretto  # only the sender needs it: a program must start, and leave, without its 5 ms

    assert isinstance(blinded.client, ristretto.Client)
    output = ristretto.VerifiableOutput.deserialize(proof + evaluated)
    token = blinded.client.finalize(output, ristretto.PublicKey.deserialize(public_key))
    return Token(encode(blinded.number), encode(token), encode(public_key))


def _parse_tokens(stored: object) -> dict[str, Token]:
    if not isinstance(stored, Mapping):
        return {}
    found = {}
    for week, each in stored.items():
        if isinstance(each, Mapping) and all(_is_encoded(each.get(name)) for name in Token._fields):
            found[str(week)] = Token(**{name: each[name] for name in Token._fields})
    return found


def _is_encoded(text: object) -> bool:
    try:
        return isinstance(text, str) and bool(decode(text))
    except ValueError:
        return False
