"""Signed notes, checkpoints, cosignatures and proofs: c2sp.org/signed-note, tlog-checkpoint, -cosignature, -proof."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.tlog.checkpoints import Checkpoint, cosign, open_checkpoint, verify_cosignatures
from shared.tlog.merkle import EMPTY_ROOT, ProofError, hash_children, hash_leaf
from shared.tlog.notes import NoteError, SignatureType, SignedNote, SignerKey, VerifierKey, sign_note
from shared.tlog.policies import PolicyError, WitnessPolicy
from shared.tlog.proofs import InclusionProof

PUBLISHED_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PUBLISHED_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
"""The example of the specification of signed notes, version 1.0."""
KEY = SignerKey("log.example/candor", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
WITNESSES = [
    SignerKey(f"witness.example/{n}", Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32), SignatureType.COSIGNATURE)
    for n in range(3)
]
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_the_published_note_is_verified_by_the_published_key() -> None:
    key = VerifierKey.parse(PUBLISHED_KEY)
    note = SignedNote.parse(PUBLISHED_NOTE)
    assert note.verify([key]) == (key,)
    assert (str(key), bytes(note)) == (PUBLISHED_KEY, PUBLISHED_NOTE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        PUBLISHED_KEY.replace("530d903a", "530d903b"),
        PUBLISHED_KEY.replace("foo", "bar"),
        PUBLISHED_KEY.replace("foo", "f oo"),
        PUBLISHED_KEY[:-4],
        PUBLISHED_KEY.replace("+Ae", "+Be"),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a text\n",
        b"a text\n\n",
        PUBLISHED_NOTE[:-1],
        PUBLISHED_NOTE.replace("— ".encode(), b"- "),
        PUBLISHED_NOTE.replace(b"message", b"mess\tage"),
        PUBLISHED_NOTE.replace(b"message", b"mess\xffage"),
        PUBLISHED_NOTE.replace(b"aQM=", b"aQN="),
        PUBLISHED_NOTE.replace(b"example.com/foo", b"example.com/f+o"),
    ],
)
def test_what_is_no_note_is_refused(content: bytes) -> None:
    with pytest.raises(NoteError):
        SignedNote.parse(content)


def test_a_changed_text_an_unknown_key_and_a_wrong_signature_are_refused() -> None:
    key = VerifierKey.parse(PUBLISHED_KEY)
    note = SignedNote.parse(PUBLISHED_NOTE)
    with pytest.raises(NoteError, match="wrong"):
        SignedNote("Another message.\n", note.signatures).verify([key])
    with pytest.raises(NoteError, match="no known key"):
        note.verify([KEY.verifier_key])


def test_a_text_without_an_end_cannot_be_signed() -> None:
    for text in ("no newline", "a\rb\n"):
        with pytest.raises(NoteError):
            sign_note(text, [KEY])


def test_a_checkpoint_is_opened_by_the_key_of_its_origin_alone() -> None:
    checkpoint = Checkpoint(KEY.name, 7, EMPTY_ROOT)
    signed = checkpoint.build_note(KEY)
    assert open_checkpoint(bytes(signed), KEY.verifier_key)[0] == checkpoint
    foreign = Checkpoint("log.example/other", 7, EMPTY_ROOT).build_note(KEY)
    with pytest.raises(NoteError, match="another log"):
        open_checkpoint(bytes(foreign), KEY.verifier_key)


@pytest.mark.parametrize("text", ["a\n1\n", "a\n01\nx\n", "a\n-1\nx\n", "a\n٣\nx\n", "a\n1\nAAAA\n", "a\n1\n\nb\n"])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


def test_a_cosignature_says_when_and_a_wrong_one_blocks_no_other() -> None:
    note = Checkpoint(KEY.name, 7, EMPTY_ROOT).build_note(KEY)
    good, wrong = cosign(note, WITNESSES[0], at=NOON), cosign(SignedNote("x\n", ()), WITNESSES[1], at=NOON)
    signed = note.add_signatures(good, wrong, good)
    assert len(signed.signatures) == 3
    found = verify_cosignatures(SignedNote.parse(bytes(signed)), [each.verifier_key for each in WITNESSES])
    assert [(each.witness.name, each.cosigned_at) for each in found] == [(WITNESSES[0].name, NOON)]


def test_a_signature_of_the_log_is_no_cosignature() -> None:
    note = Checkpoint(KEY.name, 7, EMPTY_ROOT).build_note(KEY)
    assert verify_cosignatures(note, [KEY.verifier_key]) == ()


def a_proof() -> tuple[InclusionProof, bytes]:
    root = hash_children(hash_leaf(b"a"), hash_leaf(b"b"))
    note = Checkpoint(KEY.name, 2, root).build_note(KEY)
    return InclusionProof(1, (hash_leaf(b"a"),), bytes(note), b"salt"), b"b"


def test_a_proof_is_read_back_and_verified() -> None:
    proof, entry = a_proof()
    read = InclusionProof.parse(bytes(proof))
    assert read == proof
    assert read.verify(entry, KEY.verifier_key).size == 2
    with pytest.raises(ProofError):
        read.verify(b"c", KEY.verifier_key)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1", b"@v2"),
        (b"index 1", b"index 01"),
        (b"index 1\n", b""),
        (b"extra c2FsdA==", b"extra !"),
        (b"\n\n", b"\n"),
        (b"index 1", b"index 1\nAAAA"),
    ],
)
def test_what_is_no_proof_is_refused(old: bytes, new: bytes) -> None:
    content = bytes(a_proof()[0])
    assert old in content
    with pytest.raises((ProofError, NoteError)):
        InclusionProof.parse(content.replace(old, new, 1)).verify(b"b", KEY.verifier_key)


def policy_text(*lines: str) -> str:
    keys = [f"witness W{n} {key.verifier_key}" for n, key in enumerate(WITNESSES)]
    return "\n".join(["# witnesses", f"log {KEY.verifier_key} https://log.example", *keys, *lines, ""])


def test_a_quorum_of_groups_is_counted() -> None:
    policy = WitnessPolicy.parse(policy_text("group two 2 W0 W1 W2", "group both all two W2", "quorum both"))
    keys = [each.verifier_key for each in WITNESSES]
    assert policy.is_met(keys[1:])
    assert not policy.is_met(keys[:2]), "W2 is missing"
    assert not policy.is_met([])
    assert WitnessPolicy.parse(policy_text("quorum none")).is_met([])


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("quorum two",),
        ("group two 4 W0 W1 W2", "quorum two"),
        ("group two 0 W0", "quorum two"),
        ("group two any W0 W0", "quorum two"),
        ("group two any two", "quorum two"),
        ("group W0 any W1", "quorum W0"),
        ("group none any W1", "quorum none"),
        ("quorum W0", "quorum W1"),
        (f"witness other {WITNESSES[0].verifier_key}", "quorum other"),
        (f"witness other {KEY.verifier_key}", "quorum other"),
        ("witness other key", "quorum other"),
        ("vouch W0",),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(PolicyError):
        WitnessPolicy.parse(policy_text(*lines))
