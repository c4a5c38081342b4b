"""What the words of a reply mean.

After plain words, a refusal of us is looked for first: to call a living address dead is the worse error.
"""

import re
from collections.abc import Iterable

from services.newsletter.domain.inbound.verdicts import Judgement, Reason, Verdict


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_NO_SUCH_USER = _any(
    r"\b(?:user|recipient|address|mailbox|mail ?box|account|alias|addressee|subscriber)s?(?: name| address"
    r"| email)? (?:is |was )?(?:unknown|not (?:found|known|exist)|does ?n[o']t exist|doesn't exist"
    r"|non-?existent)",
    r"\b(?:unknown|no such|non-?existent|nonexistent) (?:local |e-?mail |virtual )?(?:user|recipient|address"
    r"|mailbox|account|alias)",
    r"user unknown|unknown user|no such user|recipient ?not ?found|RecipNotFound|NoSuchUser|UserUnknown",
    r"no mailbox here by that name",
    r"(?:account|address) that you tried to reach (?:does not exist|is disabled|is inactive)",
    r"not listed in \S+ (?:directory|name)|not listed in (?:public|domino)|invalid final delivery userid",
    r"support\.google\.com/mail/\S*answer=6596\b|5\.4\.1 .{0,200}recipient address rejected: access denied",
)
"""So plain that words of a refusal beside it do not matter."""

_NO_MAIL_HOST = _any(
    r"null ?mx|does not accept mail|indicated no smtp service|illegal host|domain is not reachable",
    r"no mx found for domain|nxdomain|host or domain name not found(?! *, *try)|unrouteable mail domain",
    r"all relevant mx records point",
)
_TOO_BIG = _any(
    r"\b(?:message|mail|e-?mail|content)\b[^.]{0,30}\btoo (?:large|big|long)|\bsize\b[^.]{0,40}\bexceed",
    r"exceed\w*[^.]{0,40}\b(?:message|mail|maximum|max|fixed) size|size limit exceed",
    r"message (?:length|size) (?:limit|exceed)|larger than",
)
_FULL = _any(
    r"over ?quota|quota\b[^.]{0,30}\b(?:exceed|full|violat|limit|reached)",
    r"exceed\w* [^.]{0,40}\b(?:quota|storage)|disk quota",
    r"\b(?:mailbox|mail ?box|inbox|mail ?folder|maildir|account|user)\b[^.]{0,40}\b(?:full|over (?:the "
    r"|its )?(?:size|limit|allowed))",
    r"(?:insufficient|not enough|out of|no) (?:disk |system |mailbox )?(?:storage|space)|no space left",
    r"storage (?:limit|quota)|too much (?:mail|e-?mail) (?:data|in)|exceeds? (?:the )?(?:mailbox|storage)",
    r"not enough disk|mailbox full",
)
_OUR_SIDE = _any(
    r"\bsender\b[^.]{0,40}\b(?:reject|denied|unknown|invalid|not (?:exist|found|allowed|permitted|valid"
    r"|verif)|fail|refus|does)",
    r"(?:unknown|invalid|bad|unresolvable|illegal) sender|domain of sender",
    r"sender'?s? (?:address|domain|verify|host)|return ?path|\bmail from\b",
    r"relay(?:ing)? (?:access |is |operation )?(?:denied|not|prohibit|reject|forbidden)",
    r"(?:permitted|allowed|unable|able) to relay|(?:do(?:es)? not|cannot|no|not|don't|won't) (?:a )?relay",
    r"bare (?:lf|cr|linefeed)|syntax error|unrecogni[sz]ed (?:command|parameter)|bad sequence|command not",
    r"must issue|helo|ehlo|STARTTLS|RFC ?-?(?:2|5|28|53)\d\d|RFC.?compliant",
    r"(?:missing|invalid|multiple|duplicate|malformed|illegal|valid) (?:\S+ ){0,2}headers?",
    r"headers? (?:is |are )?(?:missing|invalid|malformed)|non-?ascii|8-?bit|SMTPUTF8|message-id|\bfrom:",
    r"authentication (?:is )?required|must be authenticated|log ?in first",
)
_BLOCKED = _any(
    r"spam|unsolicited|\bbulk\b|junk|(?:black|block|deny|white)[ -]?list|\brbl\b|dnsbl|\b[du]nsbl|spamhaus",
    r"sorbs|barracuda|reputation|senderscore|\bblock(?:ed|ing|s)?\b|\bbanned\b|\bpolic(?:y|ies)\b|prohibit",
    r"\bspf\b|\bdkim\b|\bdmarc\b|unauthenticated|not authenticated",
    r"authentication (?:check|fail|level|result|polic|info)|\bptr\b|reverse[ -](?:dns|lookup|map|host)|rdns",
    r"\brevers|dynamic ip|dial-?up|generic|too many|rate ?limit|throttl|too (?:fast|frequent|quickly)",
    r"temporarily deferred|unusual rate|virus|malware|infected|trojan|phish|permission|グループ|content|attachment",
    r"suspicious|access (?:is )?denied|administrative|not authori[sz]ed|\bpoor\b|\babus",
    r"listed (?:in|at|on|by)\b",
    r"\b(?:message|mail|e-?mail|transaction|connection|your ip|ip address|client host|session"
    r"|delivery)s?\b[^.]{0,25}\b(?:reject|refus|denied|not allowed|restrict|not accept|discard|disallow"
    r"|filter)",
    r"(?:rejected|refused|filtered) (?:by|due|for|because)|not accepting|(?:un|not )wanted|restrict|\bfilter",
    r"\bscore\b",
)
_NO_SUCH_HOST = _any(
    r"host (?:or domain name |name |\S+ )?(?:is )?(?:unknown|not found|lookup)|unknown host",
    r"no such (?:domain|host)|name service error|nxdomain",
    r"\bdomain\b[^.]{0,60}\b(?:not found|unknown|does ?n[o']t exist|does not exist|not exist|invalid)|null ?mx",
    r"unrouteable mail domain|(?:unknown|invalid|bad|nonexist\w*) (?:mail )?domain",
    r"no (?:mx|mail)[ -](?:record|host|server|exchang)|mx records? point|could ?n[o']t find any host",
    r"bad destination host",
)
_NO_USER = _any(
    r"\b(?:user|recipient|address|mailbox|mail ?box|account|alias|addressee|subscriber|person|customer|login"
    r"|name)s?\b[^.;:]{0,50}\b(?:unknown|not (?:known|found|exist|listed|valid|recogni|a valid|in\b|our|local"
    r"|have|active|available|hosted)|no longer|does|doesn't|invalid|disabled|inactive|suspended|closed"
    r"|unavailable|deactivated|deleted|terminated|expired|moved|removed|locked|discontinued|gone)",
    r"\b(?:unknown|no|no such|invalid|bad|non-?existent|illegal|unrouteable|unrecogni[sz]ed|incorrect"
    r"|inactive|disabled|unavailable|undeliverable|unroutable) (?:\w+ )?(?:user|recipient|address|mailbox"
    r"|account|alias|mail ?box|person|local[ -]?part|addressee|rcpt)",
    r"does not like recipient|not our customer|isn't (?:a|in)|no one here|no ?body here|not listed in",
    r"not (?:a )?known|has left|not exist|not found|this account|doesn't have a",
    r"no longer (?:with|here|works|valid|employ|monitor|in use)|mail (?:for|to) \S+ (?:is )?not|unbekannt",
    r"nicht gefunden|existiert nicht|inexist|n'existe|не существует|не найден|недоступен|存在|見つかり|usuario",
)
_EXPIRED = _any(
    r"retry time|timed? ?-?out|too long|giving up|could not be delivered for|unreachable|no route to host",
    r"lost connection|connection (?:refused|reset|closed|dropped)|unable to (?:contact|connect|deliver)",
    r"could ?n[o']t connect|hop ?count|too many hops|loops? (?:back|detected)|loop|in (?:the )?queue",
    r"has expired|retries|try again",
)
AWAY = _any(
    r"out of (?:the )?office|on vacation|auto(?:matic)?[ -]?repl|away from (?:the|my)|abwesend",
)
STILL_TRYING = _any(
    r"(?:will|shall) (?:be )?(?:re-?tr|keep trying|continue)|still (?:being )?(?:re-?tr|try|in (?:the )?queue)",
    r"(?:is|has been) (?:\w+ )?delayed|delivery (?:is |has been )?(?:temporarily )?delayed|only a warning",
    r"warning:? (?:message|could not send|mail)|you do not need to resend|not (?:yet )?been delivered",
    r"no action is required",
)

_OUT_OF_REACH = _any(
    r"malformed or unexpected name server|not found, *try again|not responding|lookup timed|temporar",
    r"envelope expired|did not accept our requests to connect|socket error|receiving mail at a rate",
)
"""Trouble on the way, which words about hosts and users around it do not make permanent."""
_LABEL = re.compile(r"\b5\.1\.0 - Unknown address error\b")
"""Amazon SES writes it in front of every refusal, whatever the server said."""
_MAX_CHARS = 8_000
"""More than any reply says; the patterns are not for whole letters."""
_LINK = re.compile(r"https?://\S+")
_ADDRESS = re.compile(r"<[^<>\s]{1,320}@[^<>\s]{1,255}>|[^\s<>\"']{1,64}@[\w.-]{1,255}")
_HARD_CODES = {"1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "4.4", "1.4"}
_CODES = {
    "2.2": Judgement(Verdict.SOFT, Reason.MAILBOX_FULL),
    "2.3": Judgement(Verdict.SOFT, Reason.TOO_BIG),
    "3.4": Judgement(Verdict.SOFT, Reason.TOO_BIG),
    "1.7": Judgement(Verdict.SOFT, Reason.OUR_SIDE),
    "1.8": Judgement(Verdict.SOFT, Reason.OUR_SIDE),
    "4.7": Judgement(Verdict.SOFT, Reason.EXPIRED),
    "4.6": Judgement(Verdict.SOFT, Reason.EXPIRED),
}
_SUBJECTS = {
    "4": Judgement(Verdict.SOFT, Reason.EXPIRED),
    "5": Judgement(Verdict.SOFT, Reason.OUR_SIDE),
    "6": Judgement(Verdict.SOFT, Reason.BLOCKED),
    "7": Judgement(Verdict.SOFT, Reason.BLOCKED),
}


def judge_words(words: str, enhanced: str) -> Judgement | None:
    """Return what a permanent refusal means, by its words and its enhanced code; None when neither says."""
    detail = enhanced.partition(".")[2]
    words = _LABEL.sub(" ", words[:_MAX_CHARS])
    plain = _judge_plain_words(words)
    words = _ADDRESS.sub(" ", words)  # an address may contain any word
    return (
        plain
        or _CODES.get(detail)
        or _first(words, ((_OUR_SIDE, Reason.OUR_SIDE), (_BLOCKED, Reason.BLOCKED)))
        or _judge_hard(_LINK.sub(" ", words), detail)
        or _SUBJECTS.get(detail.partition(".")[0])
        or _first(words, ((_EXPIRED, Reason.EXPIRED),))
    )


def _judge_plain_words(words: str) -> Judgement | None:
    if _NO_SUCH_USER.search(words):
        return Judgement(Verdict.HARD, Reason.UNKNOWN_USER)
    if _NO_MAIL_HOST.search(words):
        return Judgement(Verdict.HARD, Reason.UNKNOWN_HOST)
    return _first(words, ((_TOO_BIG, Reason.TOO_BIG), (_FULL, Reason.MAILBOX_FULL)))


def _judge_hard(words: str, detail: str) -> Judgement | None:
    if _OUT_OF_REACH.search(words):
        return Judgement(Verdict.SOFT, Reason.EXPIRED)
    if _NO_SUCH_HOST.search(words):
        return Judgement(Verdict.HARD, Reason.UNKNOWN_HOST)
    if detail in _HARD_CODES or _NO_USER.search(words):
        return Judgement(Verdict.HARD, Reason.UNKNOWN_USER)
    return None


def _first(words: str, table: Iterable[tuple[re.Pattern[str], Reason]]) -> Judgement | None:
    return next((Judgement(Verdict.SOFT, reason) for pattern, reason in table if pattern.search(words)), None)
