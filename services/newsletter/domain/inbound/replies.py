"""SMTP replies in reports: their class, their enhanced code (RFC 3463), and what their words mean."""

import re
from dataclasses import dataclass

_REPLY = re.compile(
    r"(?<![\w.:-])(?P<code>[245]\d\d)(?:[ \-,:]+['\"#(]{0,3}(?P<enhanced>[245]\.\d{1,3}\.\d{1,3})\b|(?=[ \-]))"
    r"|(?<![\w.])#?(?P<alone>[245]\.\d{1,3}\.\d{1,3})(?![\w.])"
)


@dataclass(frozen=True, slots=True)
class SmtpReplyText:
    """A reply found in a text: the code is 0 and the enhanced code empty where there is none."""

    code: int
    enhanced: str

    @property
    def reply_class(self) -> int:
        """2, 4 or 5; the code decides before the enhanced code."""
        return self.code // 100 or int(self.enhanced[:1] or 0)

    @property
    def says_something(self) -> bool:
        """Whether the enhanced code is more than a class."""
        return bool(self.enhanced) and not self.enhanced.endswith((".0.0", ".1.0"))


def find_reply(text: str) -> SmtpReplyText | None:
    """Return the most telling reply in *text*: with a specific enhanced code, else the first with a code."""
    found = [
        SmtpReplyText(int(match["code"] or 0), match["enhanced"] or match["alone"] or "")
        for match in _REPLY.finditer(text)
    ]
    failing = [each for each in found if each.reply_class != 2]
    best = sorted(failing, key=lambda each: (not each.says_something or not each.code, not each.code))
    return best[0] if best else None
