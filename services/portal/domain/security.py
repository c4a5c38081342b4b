"""How pages speak of an account's security: what has happened to it, what was refused, and what to do then."""

from dataclasses import dataclass

EVENTS = {
    "logged_in": "Logged in",
    "reauthenticated": "Confirmed once more that it is you",
    "second_factor_failed": "A wrong code or passkey was refused",
    "sessions_revoked": "Sessions were ended",
    "password_changed": "The password was changed",
    "password_reset_requested": "A link for a new password was asked for",
    "password_reset": "The password was set anew through a link in a mail",
    "totp_added": "An app for one-time codes was added",
    "totp_removed": "The app for one-time codes was removed",
    "passkey_added": "A passkey was added",
    "passkey_removed": "A passkey was removed",
    "recovery_codes_replaced": "Recovery codes were made",
    "recovery_code_used": "A recovery code was used",
    "app_password_created": "An app password was made",
    "app_password_revoked": "An app password was revoked",
    "email_change_requested": "Another mail address was asked for",
    "email_changed": "The mail address was changed",
    "email_change_reverted": "The change of the mail address was undone",
    "erasure_scheduled": "The erasure of the account was planned",
    "erasure_cancelled": "The planned erasure was taken back",
    "password_cancelled": "Customer service cancelled the password, as you asked",
    "frozen": "The account was frozen",
    "unfrozen": "The account was opened again",
}
REPORT_KINDS = {
    "unauthorized_use": "Somebody else uses an account",
    "password_phishing": "Somebody asked for a password",
    "security_problem": "A problem with our security",
}


@dataclass(frozen=True, slots=True)
class ErrorHelp:
    """What somebody at a page does after a refusal: the remedies of the APIs are for programs."""

    text: str
    path: str = ""
    label: str = ""


_LOGIN_LINK = ("/account/log-in", "Log in")
_RESET_LINK = ("/account/forgot-password", "Choose a new password")
_FACTORS_LINK = ("/account/second-factors", "To your second factors")
ERROR_HELP = {
    "identity.login.invalid_credentials": ErrorHelp(
        "Check both for typing mistakes. We do not say which is wrong, nor whether the address has an account.",
        *_RESET_LINK,
    ),
    "identity.account.frozen": ErrorHelp(
        "Nobody can log in to it now, you included, and nothing of yours is lost. Our mail to your address says why. "
        "Customer service opens it again together with you.",
        "/account/report",
        "Write to customer service",
    ),
    "identity.account.password_cancelled": ErrorHelp(
        "Customer service cancelled it, as you asked. Choose a new one: we mail you a link for it.", *_RESET_LINK
    ),
    "identity.login.too_many_attempts": ErrorHelp(
        "Somebody, perhaps you, typed too many wrong ones. This protects the account; nothing was changed.",
        *_RESET_LINK,
    ),
    "identity.password_hashing.busy": ErrorHelp(
        "Many people log in at this moment. Nothing is wrong with what you typed."
    ),
    "identity.challenge.invalid": ErrorHelp(
        "Too much time has passed, or there were too many wrong tries. Begin again; nothing was changed."
    ),
    "identity.second_factor.invalid": ErrorHelp(
        "Each code works once. Wait until your app shows the next one, and see that the clock of your device is right."
    ),
    "identity.passkey.invalid": ErrorHelp(
        "Try again with a passkey of this account, one that asks for your PIN, finger or face."
    ),
    "identity.passkey.already_registered": ErrorHelp("It is in the list already.", *_FACTORS_LINK),
    "identity.passkey.too_many": ErrorHelp("Remove one that you no longer use.", *_FACTORS_LINK),
    "identity.passkey.not_found": ErrorHelp("Perhaps it was removed on another page.", *_FACTORS_LINK),
    "identity.totp.exists": ErrorHelp("Remove it first if you want to use another app.", *_FACTORS_LINK),
    "identity.totp.not_found": ErrorHelp(
        "Begin again: perhaps it was removed, or begun anew, on another page.", *_FACTORS_LINK
    ),
    "identity.second_factor.not_enrolled": ErrorHelp(
        "Recovery codes stand in for a second factor. Add one first.", *_FACTORS_LINK
    ),
    "identity.password.too_short_without_second_factor": ErrorHelp(
        "Your password is shorter than 15 characters: that is enough beside a second factor, and not alone. Change the "
        "password first, then remove this.",
        "/account/password",
        "Change the password",
    ),
    "identity.step_up.second_factor_required": ErrorHelp("Your account has a second factor: use that instead."),
    "identity.password.incorrect": ErrorHelp(
        "Type the password of the account that you are logged in to.", *_RESET_LINK
    ),
    "identity.new_password.invalid": ErrorHelp("Choose another one. Nothing was changed."),
    "identity.password_reset_token.invalid": ErrorHelp(
        "A link works once, for 30 minutes, and the newest one alone. Ask for another one.", *_RESET_LINK
    ),
    "identity.verification_token.invalid": ErrorHelp(
        "A link works once, for 30 minutes. If you have used it already, log in.", *_LOGIN_LINK
    ),
    "identity.email_change_token.invalid": ErrorHelp(
        "A link to confirm works once, for 30 minutes; a link to undo works once, for seven days. Nothing was changed.",
        "/account/email",
        "To your mail address",
    ),
    "identity.lock_token.invalid": ErrorHelp(
        "A link works once, for 24 hours. If you have pressed the button before, your account is locked. Else report "
        "it again, and you get a new link.",
        "/account/report",
        "Report it again",
    ),
    "portal.staff.wrong_role": ErrorHelp(
        "Ask a colleague with one of these roles; the menu of the console shows what is yours.",
        "/staff",
        "To the console",
    ),
    "identity.abuse_report.not_found": ErrorHelp(
        "Check the number: it begins with rep_, and 26 letters and digits follow."
    ),
    "identity.abuse_report.too_large": ErrorHelp(
        "Say it in less than 10,000 characters; more can follow when we answer."
    ),
    "identity.erasure.already_scheduled": ErrorHelp(
        "Wait for the day, or take it back.", "/account/erase", "To the planned erasure"
    ),
    "identity.erasure.not_scheduled": ErrorHelp(
        "Either it was taken back already, and you can log in, or it has begun and cannot be taken back.", *_LOGIN_LINK
    ),
    "identity.erasure.not_found": ErrorHelp("Check the address: it must be copied whole."),
    "sync.quota.exceeded": ErrorHelp(
        "Delete something that you no longer need, or restore a smaller folder; then ask for it again."
    ),
    "sync.backup_path.not_found": ErrorHelp(
        "The backup holds nothing of this name. Write the path as it was then, folder by folder, capital letters too; "
        "or try an older backup."
    ),
    "sync.path.invalid": ErrorHelp("Write the names of the folders and of the file with a slash between them."),
    "sync.backup.not_found": ErrorHelp("This backup has come to its end and was destroyed. Choose another one."),
    "sync.restore.too_many": ErrorHelp("As many as may wait are waiting. Ask again when one of them is done."),
    "sync.restore.target_deleted": ErrorHelp(
        "It was ended, since it was not wanted any more. Ask for it again if it is."
    ),
    "sync.content.corrupt": ErrorHelp("This backup cannot be read to its end. Choose another one."),
    "sync.resource.locked": ErrorHelp("An app has locked the folder. Close what is open there, then ask for it again."),
    "sync.restore.abandoned": ErrorHelp("Ask for it again. If it ends like this once more, write to customer service."),
    "idempotency.reply.not_stored": ErrorHelp(
        "This was done already, and what it made was shown once. If you did not keep it, make it anew."
    ),
}


def find_error_help(code: str) -> ErrorHelp | None:
    """Return what to do after a refusal with *code*, where a page knows it better than the API."""
    return ERROR_HELP.get(code)


def event_label(name: str) -> str:
    """Return what an event of the security log is called."""
    return EVENTS.get(name, name.replace("_", " ").capitalize())


def report_kind_label(kind: str) -> str:
    """Return what a kind of report is called."""
    return REPORT_KINDS.get(kind, kind.replace("_", " ").capitalize())


def format_wait(seconds: int) -> str:
    """Return a time to wait as people say it: ``40 seconds``, ``14 minutes``, ``2 hours``."""
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length or seconds == length:
            count = -(-seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
