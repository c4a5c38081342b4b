"""Card details, card networks, stored cards."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NoReturn, Self

from services.payments.errors import InvalidCardError
from shared.card_numbers import UNKNOWN_NETWORK, find_card_range, is_well_formed

MAX_YEARS_AHEAD = 25


class MaskedText:
    """A text that is seen only by code that asks for it, and by no ``repr``, ``str``, JSON, copy or pickle (C18)."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal_text(self) -> str:
        """Return the text; call this where it is used and store no copy."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a masked text cannot be copied or pickled")


class CardDetails:
    """Full card details, in memory for one request; they cannot be printed, serialized or pickled (C18)."""

    __slots__ = ("exp_month", "exp_year", "number", "security_code")

    def __init__(self, *, number: str, exp_month: int, exp_year: int, security_code: str) -> None:
        self.number = MaskedText(number)
        self.exp_month = exp_month
        self.exp_year = exp_year
        self.security_code = MaskedText(security_code)

    @classmethod
    def parse(cls, members: Mapping[str, Any]) -> Self:
        """Parse what a client encrypted; spaces and dashes in the number are removed.

        Raises InvalidCardError with the names of members that are missing, unknown or of another type.
        """
        wrong = [name for name, kind in _MEMBERS.items() if type(members.get(name)) is not kind]
        # The name of an unknown member may be anything, so it is not told.
        wrong += ["*"] if set(members) - set(_MEMBERS) else []
        if wrong:
            raise InvalidCardError.from_names(wrong)
        return cls(**{**members, "number": members["number"].replace(" ", "").replace("-", "")})

    def __repr__(self) -> str:
        return "CardDetails(***)"

    __str__ = __repr__

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("card details cannot be copied or pickled")

    @property
    def last4(self) -> str:
        """The last four digits."""
        return self.number.reveal_text()[-4:]

    @property
    def issuer_digits(self) -> str:
        """The first six digits, which name the issuer; for counting declines in memory, never stored."""
        return self.number.reveal_text()[:6]

    @property
    def brand(self) -> "Brand":
        """The network of the number."""
        return detect_brand(self.number.reveal_text())

    def require_valid(self, *, at: datetime) -> None:
        """Raise InvalidCardError with the names of the members that no card has, or that have expired *at* that time.

        A number outside of the known ranges is accepted when it is well formed: the processor knows all ranges.
        """
        wrong = list(self._find_wrong(at))
        if wrong:
            raise InvalidCardError.from_names(wrong)

    def _find_wrong(self, at: datetime) -> Iterator[str]:
        if not is_well_formed(self.number.reveal_text()):
            yield "number"
        if not 1 <= self.exp_month <= 12:
            yield "exp_month"
        # A card can be used until the last day of the month on it.
        elif not (at.year, at.month) <= (self.exp_year, self.exp_month) <= (at.year + MAX_YEARS_AHEAD, 12):
            yield "exp_year" if self.exp_year != at.year else "exp_month"
        code = self.security_code.reveal_text()
        lengths = _CODE_LENGTHS.get(self.brand, {3})
        if not (code.isascii() and code.isdigit() and len(code) in lengths):
            yield "security_code"


_MEMBERS: Mapping[str, type] = {"number": str, "exp_month": int, "exp_year": int, "security_code": str}


class Brand(StrEnum):
    """Card networks, as the table of ranges names them; UNKNOWN is shown as "Card"."""

    VISA = "visa"
    MASTERCARD = "mastercard"
    AMEX = "amex"
    DISCOVER = "discover"
    DINERS = "diners"
    JCB = "jcb"
    UNIONPAY = "unionpay"
    MAESTRO = "maestro"
    MIR = "mir"
    RUPAY = "rupay"
    ELO = "elo"
    VERVE = "verve"
    TROY = "troy"
    UNKNOWN = UNKNOWN_NETWORK


_CODE_LENGTHS = {Brand.AMEX: {4}, Brand.UNKNOWN: {3, 4}}
"""The digits of a security code where they are not three."""


def detect_brand(number: str) -> Brand:
    """Return the network of *number*, or UNKNOWN."""
    found = find_card_range(number) if number.isascii() and number.isdigit() else None
    return Brand.UNKNOWN if found is None else Brand(found.network)


def parse_brand(name: str) -> Brand:
    """Return the network that a processor calls *name*, or UNKNOWN: processors know more networks than we show."""
    return Brand(name) if name in set(Brand) else Brand.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A stored card: enough for billing questions, refunds and credits, and no more (C18)."""

    card_id: str
    account_id: str
    last4: str
    exp_month: int
    exp_year: int
    brand: Brand
    processor_ref: str
    created_at: datetime
