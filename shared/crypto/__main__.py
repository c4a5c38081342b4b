"""``python -m shared.crypto``: make and rotate keyrings."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from shared.clock import utc_now
from shared.crypto.keyring import Keyring, KeyUse, dump_keyring, make_keyring, with_new_key
from shared.settings import SettingError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Make and rotate the keyring of a service.")
File = Annotated[Path, typer.Argument(help="the keyring, readable by its owner only")]


@app.command()
def new_keyring(file: File, use: Annotated[list[KeyUse], typer.Option(help="a use; give it once for each")]) -> None:
    """Write a new keyring with one key for each use; refuse to overwrite one."""
    if file.exists():
        raise SettingError(f"{file} exists; to add a key to it: python -m shared.crypto rotate {file} --use …")
    _write(file, dump_keyring(make_keyring(use, at=utc_now())))


@app.command()
def rotate(file: File, use: Annotated[KeyUse, typer.Option(help="the use that gets a new key")]) -> None:
    """Add a newer key; the older ones still open and verify. Restart the service to use it."""
    Keyring.from_file(file)
    _write(file, dump_keyring(with_new_key(json.loads(file.read_text(encoding="utf-8")), use, at=utc_now())))


def _write(file: Path, text: str) -> None:
    """Replace *file* in one step, so that a crash leaves the old keyring or the new one."""
    fresh = file.with_name(file.name + ".new")
    fresh.touch(mode=0o600)
    with fresh.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def main() -> None:
    """Run the command; a mistake is one line and exit code 2."""
    try:
        app()
    except (SettingError, OSError) as fault:
        print(fault, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
