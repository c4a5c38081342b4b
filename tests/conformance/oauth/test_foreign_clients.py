"""Clients that are not ours get along with identity, each as its documentation says; the table of them is true."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.oauth.clients import CLIENTS, TABLE, Client, Customer, is_installed, render_table, run_client

pytestmark = pytest.mark.skipif(not is_installed(), reason="the OAuth clients are not installed: make setup")
WRITES = "WRITE_OAUTH_CLIENTS"
"""`make oauth-clients` sets it: the page is written instead of compared."""
_found: dict[str, dict[str, str]] = {}


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.package)
async def test_a_client_that_is_not_ours_works(
    client: Client, asked: dict[str, Any], customer: Customer, tmp_path: Path
) -> None:
    faults = await run_client(client, asked, customer, tmp_path)
    _found[client.package] = faults
    assert faults == dict.fromkeys(client.steps, "")


def test_the_table_of_clients_is_true() -> None:
    if len(_found) < len(CLIENTS):
        pytest.skip("only some of the clients were run")
    table = render_table(_found)
    if WRITES in os.environ:
        TABLE.write_text(table, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == table, "run `make oauth-clients` and commit the page"
