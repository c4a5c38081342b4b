"""PyJWT as a resource server."""

import jwt
from dialog import ASKED, check, step


def verify() -> None:
    keys = jwt.PyJWKClient(f"{ASKED['issuer']}/.well-known/jwks.json")
    key, token = keys.get_signing_key_from_jwt(ASKED["access_token"]), ASKED["access_token"]
    claims = jwt.decode(token, key, algorithms=["ES256"], audience="candor", issuer=ASKED["issuer"])
    check(claims["client_id"] == ASKED["client_id"], "another client")


step("verification", verify)
