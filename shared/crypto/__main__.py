"""``python -m shared.crypto``: create and rotate keyrings.

Re-wrapping subject keys needs the database of a service: ``python -m services.<service> rewrap``.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from shared.clock import utc_now
from shared.crypto.keyring import Keyring, KeyUse, make_keyring, replace_keyring, with_new_key, with_retired_key
from shared.settings import SettingError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Create and rotate the keyring of a service.")
File = Annotated[Path, typer.Argument(help="the keyring, readable by its owner only")]


@app.command()
def new_keyring(
    file: File, use: Annotated[list[KeyUse], typer.Option(help="the use of a key; repeat the option for several")]
) -> None:
    """Write a new keyring with one key for each use; never overwrite an existing file."""
    if file.exists():
        raise SettingError(f"{file} exists; to add a key to it: python -m shared.crypto rotate {file} --use …")
    replace_keyring(file, make_keyring(use, at=utc_now()))


@app.command()
def rotate(file: File, use: Annotated[KeyUse, typer.Option(help="the use that gets a new key")]) -> None:
    """Add a newer key; older keys still decrypt and verify. Restart the service to use it."""
    replace_keyring(file, with_new_key(_read(file), use, at=utc_now()))


@app.command()
def retire(file: File, key: Annotated[str, typer.Option(help="the id of the key")]) -> None:
    """Retire a key: it still decrypts and verifies, but is not used for new data. Restart the service to apply it."""
    replace_keyring(file, with_retired_key(_read(file), key))


def _read(file: Path) -> dict[str, Any]:
    Keyring.from_file(file)
    return cast("dict[str, Any]", json.loads(file.read_text(encoding="utf-8")))


def main() -> None:
    """Run the command; an error is one line and exit code 2."""
    try:
        app()
    except (SettingError, OSError) as fault:
        print(fault, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
