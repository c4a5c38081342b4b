"""joserfc as a resource server, with the algorithms it recommends."""

import requests
from dialog import ASKED, check, step
from joserfc import jwt
from joserfc.jwk import KeySet


def verify() -> None:
    keys = requests.get(f"{ASKED['issuer']}/.well-known/jwks.json", timeout=10).json()
    token = jwt.decode(ASKED["access_token"], KeySet.import_key_set(keys))
    check(token.claims["iss"] == ASKED["issuer"], "another issuer")


step("verification", verify)
