"""Email texts: Jinja templates in the ``templates`` folder of a service's ``emails`` package."""

from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape

_SUBJECT_PREFIX = "Subject: "


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """The subject and the plain text of a message."""

    subject: str
    text: str


class EmailTemplates:
    """Renders the templates of one package.

    The first line of a template is ``Subject: …``, the second is empty, the rest is the text.
    Filters: ``date`` (5 March 2027) and ``time`` (5 March 2027 at 14:05 UTC).
    """

    def __init__(self, package: str) -> None:
        """Load ``templates/*.txt`` of *package*, for example ``services.identity.emails``."""
        self._environment = Environment(
            loader=PackageLoader(package),
            # A misspelt variable fails in the test instead of leaving a gap in a customer's mail.
            undefined=StrictUndefined,
            # Plain text: escaping would write &amp; into links.
            autoescape=select_autoescape(enabled_extensions=("html",), default=False),
            auto_reload=False,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["date"] = _format_date
        self._environment.filters["time"] = _format_time

    def render(self, name: str, /, **values: object) -> RenderedEmail:
        """Return the message of template *name* (without ``.txt``); ValueError when it has no subject line."""
        subject, _, rest = self._environment.get_template(f"{name}.txt").render(values).partition("\n")
        empty, _, text = rest.partition("\n")
        # A line break in a value of the subject would move the rest of the subject into the text.
        if not subject.startswith(_SUBJECT_PREFIX) or empty or not text.strip():
            raise ValueError(f"{name}.txt: the first line is 'Subject: …', the second is empty, then the text follows")
        return RenderedEmail(subject=subject.removeprefix(_SUBJECT_PREFIX).strip(), text=text)

    def load_template(self, filename: str) -> Template:
        """Return the template *filename*, to render it for many recipients; values are escaped in ``.html`` only."""
        return self._environment.get_template(filename)


def _format_date(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def _format_time(at: datetime) -> str:
    return f"{at.day} {at:%B %Y at %H:%M} UTC"
