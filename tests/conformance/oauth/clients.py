"""The clients, how each is run, and the table of what they do."""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.stack.install.environments import OAUTH_CLIENTS_LOCK, OAUTH_CLIENTS_PACKAGES, OAUTH_CLIENTS_VENV
from tests.architecture.tree import ROOT

PROGRAMS = Path(__file__).with_name("programs")
TABLE = ROOT / "docs" / "reference" / "oauth-clients.md"
_PATIENCE = 60.0
_INSECURE = {"AUTHLIB_INSECURE_TRANSPORT": "1", "OAUTHLIB_INSECURE_TRANSPORT": "1"}
"""The server of the tests speaks plain HTTP on loopback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A library, and the program that uses it as its documentation says."""

    package: str
    program: str
    steps: tuple[str, ...]

    @property
    def version(self) -> str:
        """The pinned version."""
        if self.program.endswith(".mjs"):
            lock = json.loads((OAUTH_CLIENTS_PACKAGES / "package-lock.json").read_text(encoding="utf-8"))
            return str(lock["packages"][f"node_modules/{self.package}"]["version"])
        pins = OAUTH_CLIENTS_LOCK.read_text(encoding="utf-8")
        [version] = re.findall(rf"(?m)^{self.package}(?:\[\w+\])?==(\S+)", pins)
        return str(version)


_CODE, _REFRESH, _REVOCATION = "code with PKCE", "refresh", "revocation"
_PARTNER, _STORE = "client credentials, introspection", "two processes, one store"
_METADATA, _VERIFICATION = "metadata (RFC 8414)", "verification"
CLIENTS = (
    Client(
        package="openid-client",
        program="openid_client.mjs",
        steps=(
            *(_METADATA, "metadata (OpenID)", _CODE, "a wrong request is told to the app", _REFRESH, _REVOCATION),
            _PARTNER,
        ),
    ),
    Client(
        package="oauth4webapi",
        program="oauth4webapi_resource_server.mjs",
        steps=(_METADATA, "metadata (RFC 9728)", _VERIFICATION),
    ),
    Client(package="pyjwt", program="pyjwt_verifier.py", steps=(_VERIFICATION,)),
    Client(package="python-jose", program="python_jose_verifier.py", steps=(_VERIFICATION,)),
    Client(package="joserfc", program="joserfc_verifier.py", steps=(_VERIFICATION,)),
    Client(package="jose", program="jose_verifier.mjs", steps=(_VERIFICATION,)),
    Client(package="jsonwebtoken", program="jsonwebtoken_verifier.mjs", steps=(_VERIFICATION,)),
    Client(package="sectxt", program="sectxt_reader.py", steps=("security.txt",)),
    # Last: they let the clock of the server go on, and PyJWT takes no token from the future.
    Client(package="authlib", program="authlib_client.py", steps=(_CODE, _REFRESH, _REVOCATION, _PARTNER, _STORE)),
    Client(
        package="requests-oauthlib",
        program="requests_oauthlib_client.py",
        steps=(_CODE, _REFRESH, _PARTNER, _STORE),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """What stands around a client: the browser of a customer, and the clock of the server."""

    open_in_browser: Callable[[str], Awaitable[str]]
    advance_clock: Callable[[timedelta], object]


def is_installed() -> bool:
    """Whether `make setup` with the tests' programs has run."""
    return (OAUTH_CLIENTS_VENV / "package-lock.json").exists()


async def run_client(client: Client, asked: Mapping[str, Any], customer: Customer, folder: Path) -> dict[str, str]:
    """Run a program in *folder*; return the fault of each step, empty if it worked."""
    for file in PROGRAMS.iterdir():
        shutil.copy(file, folder)
    modules = folder / "node_modules"
    modules.symlink_to(OAUTH_CLIENTS_VENV / "node_modules")
    interpreter = "node" if client.program.endswith(".mjs") else "python"
    process = await asyncio.create_subprocess_exec(
        str(OAUTH_CLIENTS_VENV / "bin" / interpreter),
        str(folder / client.program),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=sys.stderr,
        env={**os.environ, **_INSECURE},
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            return await _talk(process, asked, customer)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _talk(process: asyncio.subprocess.Process, asked: Mapping[str, Any], customer: Customer) -> dict[str, str]:
    assert process.stdin is not None
    assert process.stdout is not None
    faults: dict[str, str] = {}
    answer: Mapping[str, Any] | None = asked
    while True:
        if answer is not None:
            process.stdin.write(json.dumps(answer).encode() + b"\n")
            await process.stdin.drain()
        line = await process.stdout.readline()
        if not line:
            return faults
        said, answer = json.loads(line), None
        if "open" in said:
            answer = {"callback": await customer.open_in_browser(said["open"])}
        elif "wait" in said:
            customer.advance_clock(timedelta(seconds=said["wait"]))
            answer = {}
        else:
            faults[said["step"]] = said["fault"]


def render_table(found: Mapping[str, Mapping[str, str]]) -> str:
    """Return the page: a row for each step of each client."""
    rows = [
        f"| {client.package} {client.version} | {name} | {_describe(found[client.package].get(name))} |"
        for client in CLIENTS
        for name in client.steps
    ]
    return "\n".join([_HEAD, "| client | what it does | result |", "|---|---|---|", *rows, ""])


def _describe(fault: str | None) -> str:
    return "works" if fault == "" else "fails"


_HEAD = """# OAuth clients that are not ours

Generated by `make oauth-clients`, which runs each client against a served identity; `make test` does the same and
fails if this page is not true. Every client is used with its defaults, and as its documentation says.

- *code with PKCE*: an app on a free port of loopback, without the `redirect_uri` being registered with that port.
- *two processes, one store*: both refresh with the same token; the one that was late refreshes again after the grace
  ([decision 16](../decisions/0016-late-refresh-tokens-again.md)).
- *verification*: the signature of an access token by the key set, issuer and audience
  ([decision 17](../decisions/0017-access-tokens-in-es256.md)).
"""
