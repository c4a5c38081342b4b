"""What fields of requests look like, the same everywhere."""

from typing import Annotated

from pydantic import Field

from shared.web import customer, staff

Email = Annotated[str, Field(min_length=3, max_length=320, examples=["ada@example.org"])]
Password = Annotated[str, Field(max_length=1024, description="as it is typed: nothing is trimmed or changed")]
Reason = Annotated[str, Field(min_length=3, max_length=200, description="the case or the request; the owner reads it")]

ANY_PERSON = customer() | staff()
