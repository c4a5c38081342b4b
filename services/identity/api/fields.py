"""Request fields, access rules and views that several handlers share."""

from typing import Annotated

from pydantic import Field

from services.identity.domain.sessions.access import REAUTH_MAX_AGE
from services.identity.service.staff.admin_actions import StaffMember
from shared.web import SAFE_TEXT, OpaqueText, RequestContext, View, customer, staff

Email = Annotated[str, Field(min_length=3, max_length=320, examples=["ada@example.org"]), OpaqueText("sealed")]
Password = Annotated[
    str,
    Field(max_length=1024, description="compared as RFC 8265 says: composed, blanks of all kinds alike; not trimmed"),
    OpaqueText("hashed"),
]
Reason = Annotated[
    str,
    Field(min_length=3, max_length=200, description="the number of the case or request; the account owner sees it"),
    SAFE_TEXT,
]
EmailToken = Annotated[
    str,
    Field(min_length=1, max_length=4096, description="the token of the link in the email"),
    OpaqueText("decrypted"),
]
OneTimeCode = Annotated[
    str,
    Field(min_length=1, max_length=64, description="of the authenticator app, or a recovery code"),
    OpaqueText("compared"),
]

ANY_PERSON = customer() | staff()
RECENT_LOGIN_CUSTOMER = customer(max_age=REAUTH_MAX_AGE)
RECENT_LOGIN_PERSON = customer(max_age=REAUTH_MAX_AGE) | staff(max_age=REAUTH_MAX_AGE)


class RequestAcceptedView(View):
    """The same response for every address (I-15)."""

    message: str = "If this is possible, we have sent an email. Open the link in it to continue."


def get_staff_member(call: RequestContext) -> StaffMember:
    """Return the member of staff that an access token speaks for."""
    return StaffMember(id=call.principal.id, roles=call.principal.roles)
