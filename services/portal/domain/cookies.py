"""The registry of cookies: no page sets any other, and a visitor who does not log in gets none (C02)."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie: when it is set, its purpose and its lifetime."""

    name: str
    set_when: str
    purpose: str
    lifetime: timedelta | None
    """None: until the browser is closed."""

    def browser_name(self, public_url: str) -> str:
        """Return the name that browsers store.

        ``__Host-`` restricts the cookie to TLS and this host. Some browsers reject it over plain HTTP (local stack);
        there the port is part of the name, so that two stacks on one machine do not share it.
        """
        parts = urlsplit(public_url)
        return f"__Host-{self.name}" if parts.scheme == "https" else f"{self.name}-{parts.port or 80}"

    @property
    def lifetime_text(self) -> str:
        """The lifetime for the cookie page, for example ``1 day``."""
        if self.lifetime is None:
            return "until you close the browser or log out"
        return f"{self.lifetime.days} day{'' if self.lifetime.days == 1 else 's'}"


SESSION = Cookie(
    name="candor",
    set_when="You log in.",
    purpose="Keeps you logged in. It is encrypted: only this site can read it.",
    lifetime=None,
)
SIGN_UP = Cookie(
    name="candor-age-screen",  # the name under which identity sets it for those who answer without these pages
    set_when="You answer the age question during sign-up and we cannot open an account.",
    purpose="Records that you answered the question, but not your answer.",
    lifetime=timedelta(days=1),
)
DEVICE = Cookie(
    name="candor-device",
    set_when="You log in.",
    purpose="Recognizes this device at your next login, so password guessing from elsewhere does not lock you out "
    "here. It is encrypted, grants no access by itself, and is deleted when you log out of a shared computer.",
    lifetime=timedelta(days=180),
)
COOKIES = (SESSION, DEVICE, SIGN_UP)
