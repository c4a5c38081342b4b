"""Which cosignatures make a checkpoint good enough: a policy file (c2sp.org/tlog-policy)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from shared.tlog.notes import NoteError, SignatureType, VerifierKey

NO_QUORUM = "none"


class PolicyError(ValueError):
    """A policy file that cannot be used; the message names the line."""


@dataclass(frozen=True, slots=True)
class WitnessGroup:
    """A group that counts as one witness where *threshold* of its members have cosigned."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """The logs and witnesses that are known, and the witnesses that must have cosigned."""

    logs: tuple[VerifierKey, ...]
    witnesses: Mapping[str, VerifierKey]
    groups: Mapping[str, WitnessGroup]
    quorum: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the policy that *text* spells; PolicyError where a line is wrong or the quorum is missing."""
        reader = _PolicyReader()
        for number, line in enumerate(text.split("\n"), 1):
            words = line.split()
            if words and not words[0].startswith("#"):
                try:
                    reader.read_line(words[0], words[1:])
                except (NoteError, ValueError) as error:
                    raise PolicyError(f"line {number}: {error}") from None
        if reader.quorum is None:
            raise PolicyError("the policy has no quorum line")
        return cls(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum)

    def is_met(self, cosigners: Collection[VerifierKey]) -> bool:
        """Return whether the witnesses *cosigners* are enough."""
        return self.quorum == NO_QUORUM or self._is_counted(self.quorum, cosigners)

    def _is_counted(self, name: str, cosigners: Collection[VerifierKey]) -> bool:
        if name in self.witnesses:
            return self.witnesses[name] in cosigners
        group = self.groups[name]
        return sum(self._is_counted(member, cosigners) for member in group.members) >= group.threshold


class _PolicyReader:
    """Reads the lines of a policy in order: a group names only what stands before it, so there are no circles."""

    def __init__(self) -> None:
        self.logs: list[VerifierKey] = []
        self.witnesses: dict[str, VerifierKey] = {}
        self.groups: dict[str, WitnessGroup] = {}
        self.quorum: str | None = None

    def read_line(self, keyword: str, words: Sequence[str]) -> None:
        match keyword, words:
            case "log", [key] | [key, _]:
                self.logs.append(_parse_key(key, SignatureType.ED25519, self.logs))
            case "witness", [name, key] | [name, key, _]:
                self._check_new(name)
                self.witnesses[name] = _parse_key(key, SignatureType.COSIGNATURE, self.witnesses.values())
            case "group", [name, threshold, *members] if members:
                self._check_new(name)
                self.groups[name] = self._read_group(threshold, members)
            case "quorum", [name]:
                if self.quorum is not None or (name != NO_QUORUM and not self._is_known(name)):
                    raise ValueError("a second quorum, or one that is not defined before")
                self.quorum = name
            case _:
                raise ValueError("not a line of a policy")

    def _read_group(self, threshold: str, members: Sequence[str]) -> WitnessGroup:
        if len(set(members)) < len(members) or not all(map(self._is_known, members)):
            raise ValueError("a group names each member once, after its definition")
        words = {"any": 1, "all": len(members)}
        least = words[threshold] if threshold in words else int(threshold)
        if not 1 <= least <= len(members):
            raise ValueError("a threshold is between 1 and the number of members")
        return WitnessGroup(least, tuple(members))

    def _check_new(self, name: str) -> None:
        if name == NO_QUORUM or self._is_known(name):
            raise ValueError(f"the name {name} is taken")

    def _is_known(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups


def _parse_key(text: str, expected: SignatureType, known: Collection[VerifierKey]) -> VerifierKey:
    key = VerifierKey.parse(text)
    if key.type is not expected:
        raise ValueError("a key of another kind")
    if any(key.public_key == other.public_key for other in known):
        raise ValueError("the same key twice")
    return key
