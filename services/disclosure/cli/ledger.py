"""``python -m services.disclosure.cli.ledger verify URL``: checks the ledger's log from public data alone.

Exit 0 when everything holds, 1 when something does not, 2 when the log cannot be read.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import aiohttp
import typer

from services.disclosure.domain import SALT_SIZE, build_leaf
from shared.tlog.checkpoints import Checkpoint
from shared.tlog.merkle import ProofError
from shared.tlog.notes import NoteError, SignedNote, VerifierKey
from shared.tlog.policies import PolicyError, WitnessPolicy
from shared.tlog.proofs import InclusionProof
from shared.tlog.verifier import LogBrokenError, LogVerifier, VerifiedLog

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check the log of the access ledger.")
_TIMEOUT = aiohttp.ClientTimeout(total=60)
KeyOption = Annotated[
    str, typer.Option("--key", help="the verifier key of the log, from where you trust it; without it the log's own")
]


class LogUnreadableError(Exception):
    """The log cannot be read; the message says why."""


@app.command()
def verify(
    url: Annotated[str, typer.Argument(help="the address of the log, such as https://…/v1/disclosure/log")],
    key: KeyOption = "",
    policy: Annotated[Path | None, typer.Option(help="a file with the witnesses that must have cosigned")] = None,
    known: Annotated[
        Path | None, typer.Option(help="the checkpoint of your last check; the new one is kept in its place")
    ] = None,
) -> None:
    """Check every leaf, every tile, the signature, and that nothing vanished since your last check."""
    try:
        witnesses = WitnessPolicy.parse(policy.read_text(encoding="utf-8")) if policy else None
        earlier = _read_known(known)
        verified, note = asyncio.run(_verify(url, key, witnesses, earlier))
    except (LogBrokenError, NoteError) as broken:
        typer.echo(f"BROKEN: {broken}", err=True)
        raise typer.Exit(1) from broken
    except (LogUnreadableError, PolicyError, OSError) as fault:
        typer.echo(f"cannot be checked: {fault}", err=True)
        raise typer.Exit(2) from fault
    if known:
        known.write_bytes(note)
    typer.echo(_describe(verified, earlier))


@app.command()
def proof(
    file: Annotated[Path, typer.Argument(help="a .tlog-proof file of one of your entries")],
    key: Annotated[str, typer.Option("--key", help="the verifier key of the log, from where you trust it")],
) -> None:
    """Check, offline, that an entry is in the log."""
    try:
        found = InclusionProof.parse(file.read_bytes())
        salt, content = found.extra[:SALT_SIZE], found.extra[SALT_SIZE:].decode("utf-8")
        checkpoint = found.verify(build_leaf(salt, content), VerifierKey.parse(key))
    except (ProofError, NoteError, UnicodeDecodeError) as broken:
        typer.echo(f"BROKEN: {broken}", err=True)
        raise typer.Exit(1) from broken
    except OSError as fault:
        typer.echo(f"cannot be checked: {fault}", err=True)
        raise typer.Exit(2) from fault
    typer.echo(f"{content}\nis entry {found.index} of the log {checkpoint.origin} with {checkpoint.size} entries.")


async def _verify(
    url: str, key_text: str, policy: WitnessPolicy | None, known: Checkpoint | None
) -> tuple[VerifiedLog, bytes]:
    """Return what was checked, and the checkpoint as it was published."""
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
        read = _build_reader(http, url.rstrip("/"))
        key = VerifierKey.parse(key_text or await _read_key(http, url))
        verified = await LogVerifier(read, key, policy).verify(known)
        return verified, await read("checkpoint")


def _build_reader(http: aiohttp.ClientSession, url: str) -> Callable[[str], Awaitable[bytes]]:
    kept: dict[str, bytes] = {}

    async def read(path: str) -> bytes:
        if path in kept:
            return kept[path]
        content = await _get(http, f"{url}/{path}")
        if path == "checkpoint":
            kept[path] = content  # one checkpoint for the whole check: the next one may come during it
        return content

    return read


async def _read_key(http: aiohttp.ClientSession, url: str) -> str:
    try:
        async with http.get(url) as answer:
            return str((await answer.json())["verifier_key"])
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as fault:
        raise LogUnreadableError(f"{url} names no key; give one with --key") from fault


async def _get(http: aiohttp.ClientSession, url: str) -> bytes:
    try:
        async with http.get(url) as answer:
            if answer.status == 404:
                raise LogBrokenError(f"{url} is missing")
            answer.raise_for_status()
            return await answer.read()
    except (aiohttp.ClientError, TimeoutError) as fault:
        raise LogUnreadableError(f"{url}: {str(fault) or 'no answer in time'}") from fault


def _read_known(file: Path | None) -> Checkpoint | None:
    return Checkpoint.parse(SignedNote.parse(file.read_bytes()).text) if file and file.exists() else None


def _describe(verified: VerifiedLog, earlier: Checkpoint | None) -> str:
    checkpoint = verified.checkpoint
    lines = [f"{checkpoint.origin}: {checkpoint.size} leaves and {verified.tile_count} tiles agree with the checkpoint"]
    if earlier:
        lines.append(f"nothing of the {earlier.size} leaves of your last check has changed")
    lines += [
        f"cosigned by {each.witness.name} at {each.cosigned_at:%Y-%m-%d %H:%M} UTC" for each in verified.cosignatures
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    app()
