"""The settings of payments."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from shared.formatting import MINOR_UNITS
from shared.settings import CommonSettings, Duration, EnvSettings, Secret, SecretText, SettingError

MAX_CARD_STAMP_TTL = timedelta(minutes=15)
"""Half the retention of used stamps: a stamp whose record was deleted must have expired."""


def parse_refund_limits(value: str) -> dict[str, int]:
    """Return limits given as ``USD=100,JPY=10000``, in whole units, as minor units by currency."""
    limits: dict[str, int] = {}
    for part in filter(None, value.replace(" ", "").split(",")):
        currency, _, amount = part.partition("=")
        if currency not in MINOR_UNITS or not (amount.isascii() and amount.isdigit()):
            raise ValueError(f"={value!r} is no list of limits such as USD=100,EUR=100 (whole units)")
        limits[currency] = int(amount) * 10 ** MINOR_UNITS[currency]
    return limits


RefundLimitsSetting = Annotated[
    dict[str, int], BeforeValidator(lambda value: parse_refund_limits(value) if isinstance(value, str) else value)
]


def parse_secrets(value: object) -> object:
    """Return the secrets in a comma-separated list."""
    if not isinstance(value, str):
        return value
    return tuple(Secret(part.strip()) for part in value.split(",") if part.strip())


class Settings(EnvSettings):
    """Settings read from ``PAYMENTS_*``."""

    common: CommonSettings
    card_stamp_ttl: Duration = Field(
        timedelta(minutes=10),
        validation_alias="PAYMENTS_CARD_STAMP_TTL_SECONDS",
        ge=timedelta(seconds=10),
        le=MAX_CARD_STAMP_TTL,
        description="how long the stamp that comes with the encryption keys is valid",
    )
    card_entry: Literal["hosted", "direct", "both"] = Field(
        "hosted",
        validation_alias="PAYMENTS_CARD_ENTRY",
        description="how cards are entered: hosted (the processor's page), direct (encrypted by the client), or both",
    )
    reconcile_after: Duration = Field(
        timedelta(seconds=30),
        validation_alias="PAYMENTS_RECONCILE_AFTER_SECONDS",
        ge=timedelta(seconds=1),
        description="how long a payment stays pending before the processor is asked again; the delay grows",
    )
    refund_limits: Annotated[
        dict[str, int], BeforeValidator(lambda value: parse_refund_limits(value) if isinstance(value, str) else value)
    ] = Field(
        parse_refund_limits("USD=100,EUR=100,GBP=100,CHF=100,CAD=100,AUD=100,JPY=10000"),
        validation_alias="PAYMENTS_REFUND_LIMITS",
        description=(
            "up to which total of a charge one person of support may refund alone, in whole units by currency; "
            "above it and in other currencies a second person must approve"
        ),
    )
    refund_window: Duration = Field(
        timedelta(days=180),
        validation_alias="PAYMENTS_REFUND_WINDOW_SECONDS",
        ge=timedelta(days=1),
        description="a card without an open charge is deleted when its last charge is older",
    )
    webhook_secrets: Annotated[tuple[Secret, ...], BeforeValidator(parse_secrets)] = Field(
        (),
        validation_alias="PAYMENTS_WEBHOOK_SECRETS",
        description="the signing secrets of the processor's webhook, comma-separated; unset: no event is accepted",
    )
    audit_interval: Duration = Field(
        timedelta(minutes=15),
        validation_alias="PAYMENTS_AUDIT_INTERVAL_SECONDS",
        ge=timedelta(seconds=1),
        description="the time between two audits of the journal",
    )

    processor: Literal["simulator", "stripe"] = Field(
        validation_alias="PAYMENTS_PROCESSOR",
        examples=["stripe"],
        description="the card processor; the simulator moves no money, so it must be named",
    )
    is_live: bool = Field(
        default=False,
        validation_alias="PAYMENTS_LIVE",
        description="true where real cards are charged: refuses the simulator, test keys and test numbers",
    )
    stripe_api_key: SecretText | None = Field(
        None, validation_alias="PAYMENTS_STRIPE_API_KEY", description="the secret or restricted key of Stripe"
    )
    stripe_api_url: str | None = Field(
        None,
        validation_alias="PAYMENTS_STRIPE_API_URL",
        examples=["http://127.0.0.1:8420"],
        description="a server that speaks Stripe's API, for tests; default: Stripe",
    )
    simulator_webhook_url: str | None = Field(
        None,
        validation_alias="PAYMENTS_SIMULATOR_WEBHOOK_URL",
        examples=["http://127.0.0.1:8080/v1/payments/processor-events"],
        description="where the simulator sends its signed events; default: nowhere",
    )
    processor_timeout: Duration = Field(
        timedelta(seconds=8),
        validation_alias="PAYMENTS_PROCESSOR_TIMEOUT_SECONDS",
        ge=timedelta(seconds=5),
        le=timedelta(seconds=10),
        description="how long a call to the processor may take, its repetitions included",
    )

    @model_validator(mode="after")
    def _check_processor(self) -> Self:
        if self.processor == "simulator" and self.is_live:
            raise ValueError("PAYMENTS_PROCESSOR=simulator moves no money: with PAYMENTS_LIVE name stripe")
        if self.simulator_webhook_url and not (self.processor == "simulator" and self.webhook_secrets):
            raise ValueError(
                "PAYMENTS_SIMULATOR_WEBHOOK_URL is for PAYMENTS_PROCESSOR=simulator with PAYMENTS_WEBHOOK_SECRETS"
            )
        if self.processor == "stripe":
            self._check_stripe()
        return self

    def _check_stripe(self) -> None:
        if self.stripe_api_key is None:
            raise ValueError("PAYMENTS_STRIPE_API_KEY is missing: PAYMENTS_PROCESSOR=stripe needs it")
        is_live_key = self.stripe_api_key.get_secret_value().startswith(("sk_live_", "rk_live_"))
        if is_live_key != self.is_live:
            wanted = "a key of live mode" if self.is_live else "a key of test mode"
            raise ValueError(f"PAYMENTS_STRIPE_API_KEY does not match PAYMENTS_LIVE: give {wanted}")
        if self.is_live and self.stripe_api_url is not None:
            raise ValueError("PAYMENTS_STRIPE_API_URL is for tests: leave it out with PAYMENTS_LIVE")

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raises SettingError with the name of a setting that is missing or invalid."""
        if environment.get("STRIPE_LOG"):
            raise SettingError("STRIPE_LOG makes the library of Stripe print card numbers: remove it")
        return cls.read(environment, common=CommonSettings.from_env(environment, "payments", port=8094))
