"""The register of cookies: no page sets any other, and a visitor who does not log in gets none (C02)."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One cookie: when it is set, what it is for, how long it stays."""

    name: str
    set_when: str
    purpose: str
    lifetime: timedelta | None
    """None: until the browser is closed."""

    def browser_name(self, public_url: str) -> str:
        """Return the name under which browsers know it.

        ``__Host-`` makes a browser insist on TLS, this host and no other. Over plain http (the local stack) some
        browsers refuse such cookies, so there the port is part of the name: two stacks on one machine do not meet.
        """
        parts = urlsplit(public_url)
        return f"__Host-{self.name}" if parts.scheme == "https" else f"{self.name}-{parts.port or 80}"

    @property
    def lifetime_text(self) -> str:
        """How long it stays, as people say it."""
        if self.lifetime is None:
            return "until you close the browser or log out"
        return f"{self.lifetime.days} day{'' if self.lifetime.days == 1 else 's'}"


SESSION = Cookie(
    name="candor",
    set_when="You log in.",
    purpose="Keeps you logged in. It is sealed: only this site can read it.",
    lifetime=None,
)
SIGN_UP = Cookie(
    name="candor-age-screen",  # the name under which identity sets it for those who answer without these pages
    set_when="You answer the question before signing up, and we cannot open an account.",
    purpose="Remembers that the question was answered, and nothing of the answer.",
    lifetime=timedelta(days=1),
)
DEVICE = Cookie(
    name="candor-device",
    set_when="You log in.",
    purpose="Tells your next log-in from those of strangers: who guesses at your password elsewhere does not lock you out "
    "here. It is sealed, opens nothing by itself, and goes when you log out of a shared computer.",
    lifetime=timedelta(days=180),
)
COOKIES = (SESSION, DEVICE, SIGN_UP)
