"""Fields and limits that the routes of charges and refunds share."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from shared.web import RateLimit

Amount = Annotated[int, Field(ge=1, le=99_999_999, description="minor units of the currency (ISO 4217)")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217")]
PAYMENT_RATE_LIMIT = RateLimit(120, timedelta(hours=1), "payments")
