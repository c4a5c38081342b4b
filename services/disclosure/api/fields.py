"""Types of input fields."""

from typing import Annotated

from pydantic import Field

from shared.web import SAFE_LINE, Access, staff

STAFF_ACCESS: Access = staff("disclosure", "admin")

FieldName = Annotated[
    str,
    Field(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,40}\.[a-z0-9_]{1,40}$", examples=["identity.accounts.email"]),
    SAFE_LINE,
]
AccountId = Annotated[str, Field(pattern=r"^acc_[0-9a-z]{26}$"), SAFE_LINE]
Scope = Annotated[str, Field(pattern=r"^[a-z0-9_.:-]{1,80}$"), SAFE_LINE]
# No @: requester, reference and partner name an authority or a company, never a person's email address.
SingleLine = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^@\x00-\x1f\x7f]+$"), SAFE_LINE]
