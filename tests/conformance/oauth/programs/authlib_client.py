"""Authlib with httpx: an app with PKCE, a partner, and two processes that share a store."""

from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from dialog import ASKED, check, open_in_browser, step, wait

ISSUER = ASKED["issuer"]
TOKEN = f"{ISSUER}/oauth/token"


def app(token: Any = None) -> Any:
    return OAuth2Client(
        ASKED["client_id"],
        token_endpoint=TOKEN,
        token_endpoint_auth_method="none",
        revocation_endpoint_auth_method="none",
        redirect_uri=ASKED["redirect_uri"],
        code_challenge_method="S256",
        token=token,
    )


def log_in() -> Any:
    client, verifier = app(), "v" * 43
    url, _ = client.create_authorization_url(f"{ISSUER}/account/authorize", code_verifier=verifier)
    return client.fetch_token(TOKEN, authorization_response=open_in_browser(url), code_verifier=verifier)


def refresh(token: Any) -> Any:
    return dict(app(token).refresh_token(TOKEN))


def share_a_store() -> None:
    store = log_in()
    first, second = refresh(store), refresh(store)  # two processes that have read the same token
    check(first["refresh_token"] != second["refresh_token"], "the late one kept its old refresh token")
    wait(25)
    refresh(second)


def revoke() -> None:
    token = log_in()
    app(token).revoke_token(f"{ISSUER}/oauth/revoke", token=token["refresh_token"], token_type_hint="refresh_token")
    try:
        refresh(token)
    except OAuthError as fault:
        check(fault.error == "invalid_grant", str(fault))
    else:
        raise AssertionError("the token still refreshes")


def partner(method: str) -> Any:
    client = OAuth2Client(
        ASKED["partner_id"], ASKED["partner_secret"], token_endpoint=TOKEN, token_endpoint_auth_method=method
    )
    token = client.fetch_token(TOKEN, grant_type="client_credentials")
    told = client.introspect_token(f"{ISSUER}/oauth/introspect", token=token["access_token"]).json()
    check(told["active"], "the token is not active")


held = step("code with PKCE", log_in)
step("refresh", lambda: refresh(held))
step("revocation", revoke)
step("client credentials, introspection", lambda: (partner("client_secret_basic"), partner("client_secret_post")))
step("two processes, one store", share_a_store)
