"""python-jose as a resource server."""

import requests
from dialog import ASKED, step
from jose import jwt

step(
    "verification",
    lambda: jwt.decode(
        ASKED["access_token"],
        requests.get(f"{ASKED['issuer']}/.well-known/jwks.json", timeout=10).json(),
        algorithms="ES256",
        audience="candor",
        issuer=ASKED["issuer"],
    ),
)
