"""Sealing: the vault with its key per subject, against bare AES-GCM with one key at hand."""

from collections.abc import Awaitable, Callable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.clock import monotonic, utc_now
from shared.crypto import Keyring, KeyUse, SubjectKeyDocument, Vault, make_keyring
from shared.crypto.keyring import dump_keyring
from shared.ids import random_bytes
from shared.mongo import open_database
from tests.bench.figure import Area, Bench, Figure
from tests.bench.parts import dropped

AREA = Area("crypto")

SUBJECTS = [f"acc_{number}" for number in range(100)]
ROUNDS = 200
PLACE = "accounts.email"
PLAIN = random_bytes(200)


@AREA.measures
async def sealing(bench: Bench) -> list[Figure]:
    """Seal and open 200 bytes for each of a hundred subjects whose keys are at hand."""
    path = bench.folder / "keyring"
    path.write_text(dump_keyring(make_keyring([KeyUse.WRAP, KeyUse.BLIND], at=utc_now())), encoding="utf-8")
    async with dropped(bench.mongo_url) as name, open_database(bench.mongo_url, name) as db:
        await db.ensure_collections([SubjectKeyDocument])
        vault = Vault(db, Keyring.from_file(path), utc_now)
        sealed = {subject: await vault.seal(subject, PLACE, PLAIN) for subject in SUBJECTS}
        seal = await rate(lambda subject: vault.seal(subject, PLACE, PLAIN))
        open_ = await rate(lambda subject: vault.open(subject, PLACE, sealed[subject]))
    bare = AESGCM(random_bytes(32))
    nonce = random_bytes(12)
    text = bare.encrypt(nonce, PLAIN, PLACE.encode())

    async def encrypt(_: str) -> object:
        return bare.encrypt(random_bytes(12), PLAIN, PLACE.encode())

    async def decrypt(_: str) -> object:
        return bare.decrypt(nonce, text, PLACE.encode())

    note = "AES-256-GCM of the same bytes with one key, without key lookup or binding"
    return [
        Figure(name="vault seal", ours=seal, reference=await rate(encrypt), unit="values/s", note=note),
        Figure(name="vault open", ours=open_, reference=await rate(decrypt), unit="values/s", note=note),
    ]


async def rate(act: Callable[[str], Awaitable[object]]) -> float:
    """Return how often a second *act* is done, over all subjects."""
    began = monotonic()
    for _ in range(ROUNDS):
        for subject in SUBJECTS:
            await act(subject)
    return ROUNDS * len(SUBJECTS) / (monotonic() - began)
