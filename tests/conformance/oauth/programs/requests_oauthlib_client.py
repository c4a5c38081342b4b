"""requests-oauthlib with its defaults: the id of the app goes into the Basic header, with an empty secret."""

from typing import Any

from dialog import ASKED, check, open_in_browser, step, wait
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

ISSUER = ASKED["issuer"]
TOKEN = f"{ISSUER}/oauth/token"


def log_in() -> Any:
    session = OAuth2Session(ASKED["client_id"], redirect_uri=ASKED["redirect_uri"], pkce="S256")
    url, _ = session.authorization_url(f"{ISSUER}/account/authorize")
    return session.fetch_token(TOKEN, authorization_response=open_in_browser(url))


def refresh(token: Any) -> Any:
    return OAuth2Session(ASKED["client_id"], token=token).refresh_token(TOKEN, client_id=ASKED["client_id"])


def share_a_store() -> None:
    store = log_in()
    first, second = refresh(store), refresh(store)
    check(first["refresh_token"] != second["refresh_token"], "the late one kept its old refresh token")
    wait(25)
    refresh(second)


def partner() -> None:
    session = OAuth2Session(client=BackendApplicationClient(ASKED["partner_id"]))
    session.fetch_token(TOKEN, client_id=ASKED["partner_id"], client_secret=ASKED["partner_secret"])


held = step("code with PKCE", log_in)
step("refresh", lambda: refresh(held))
step("client credentials, introspection", partner)
step("two processes, one store", share_a_store)
