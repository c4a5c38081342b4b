"""How pages speak of an account's security: what has happened to it, what was refused, and what to do then."""

from dataclasses import dataclass

EVENTS = {
    "logged_in": "Logged in",
    "confirmed": "Confirmed once more that it is you",
    "second_factor_refused": "A wrong code or passkey was refused",
    "sessions_ended": "Sessions were ended",
    "password_changed": "The password was changed",
    "password_reset_asked": "A link for a new password was asked for",
    "password_reset": "The password was set anew through a link in a mail",
    "totp_added": "An app for one-time codes was added",
    "totp_removed": "The app for one-time codes was removed",
    "passkey_added": "A passkey was added",
    "passkey_removed": "A passkey was removed",
    "recovery_codes_made": "Recovery codes were made",
    "recovery_code_used": "A recovery code was used",
    "app_password_made": "An app password was made",
    "app_password_revoked": "An app password was revoked",
    "address_change_asked": "Another mail address was asked for",
    "address_changed": "The mail address was changed",
    "address_change_undone": "The change of the mail address was undone",
    "erasure_scheduled": "The erasure of the account was planned",
    "erasure_cancelled": "The planned erasure was taken back",
    "password_cancelled": "Customer service cancelled the password, as you asked",
    "frozen": "The account was frozen",
    "unfrozen": "The account was opened again",
}
REPORTS = {
    "unauthorised_use": "Somebody else uses an account",
    "asked_for_password": "Somebody asked for a password",
    "security_problem": "A problem with our security",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """What somebody at a page does after a refusal: the remedies of the APIs are for programs."""

    what: str
    path: str = ""
    label: str = ""


_AGAIN = ("/account/log-in", "Log in")
_FORGOTTEN = ("/account/forgot-password", "Choose a new password")
_FACTORS = ("/account/second-factors", "To your second factors")
ADVICE = {
    "identity.log_in.refused": Advice(
        "Check both for typing mistakes. We do not say which is wrong, nor whether the address has an account.",
        *_FORGOTTEN,
    ),
    "identity.account.frozen": Advice(
        "Nobody can log in to it now, you included, and nothing of yours is lost. Our mail to your address says why. "
        "Customer service opens it again together with you.",
        "/account/report",
        "Write to customer service",
    ),
    "identity.account.password_cancelled": Advice(
        "Customer service cancelled it, as you asked. Choose a new one: we mail you a link for it.", *_FORGOTTEN
    ),
    "identity.log_in.too_many": Advice(
        "Somebody, perhaps you, typed too many wrong ones. This protects the account; nothing was changed.", *_FORGOTTEN
    ),
    "identity.password.busy": Advice("Many people log in at this moment. Nothing is wrong with what you typed."),
    "identity.challenge.refused": Advice(
        "Too much time has passed, or there were too many wrong tries. Begin again; nothing was changed."
    ),
    "identity.second_factor.refused": Advice(
        "Each code works once. Wait until your app shows the next one, and see that the clock of your device is right."
    ),
    "identity.passkey.refused": Advice(
        "Try again with a passkey of this account, one that asks for your PIN, finger or face."
    ),
    "identity.passkey.taken": Advice("It is in the list already.", *_FACTORS),
    "identity.passkey.too_many": Advice("Remove one that you no longer use.", *_FACTORS),
    "identity.passkey.not_found": Advice("Perhaps it was removed on another page.", *_FACTORS),
    "identity.totp.exists": Advice("Remove it first if you want to use another app.", *_FACTORS),
    "identity.totp.not_found": Advice(
        "Begin again: perhaps it was removed, or begun anew, on another page.", *_FACTORS
    ),
    "identity.second_factor.none": Advice("Recovery codes stand in for a second factor. Add one first.", *_FACTORS),
    "identity.second_factor.needed": Advice(
        "Your password is shorter than 15 characters: that is enough beside a second factor, and not alone. Change the "
        "password first, then remove this.",
        "/account/password",
        "Change the password",
    ),
    "identity.step_up.second_factor": Advice("Your account has a second factor: use that instead."),
    "identity.password.wrong": Advice("Type the password of the account that you are logged in to.", *_FORGOTTEN),
    "identity.password.refused": Advice("Choose another one. Nothing was changed."),
    "identity.password_reset.refused": Advice(
        "A link works once, for 30 minutes, and the newest one alone. Ask for another one.", *_FORGOTTEN
    ),
    "identity.verification.refused": Advice(
        "A link works once, for 30 minutes. If you have used it already, log in.", *_AGAIN
    ),
    "identity.address_change.refused": Advice(
        "A link to confirm works once, for 30 minutes; a link to undo works once, for seven days. Nothing was changed.",
        "/account/address",
        "To your mail address",
    ),
    "identity.lock.refused": Advice(
        "A link works once, for 24 hours. If you have pressed the button before, your account is locked. Else report "
        "it again, and you get a new link.",
        "/account/report",
        "Report it again",
    ),
    "portal.staff.role": Advice(
        "Ask a colleague with one of these roles; the menu of the console shows what is yours.",
        "/staff",
        "To the console",
    ),
    "identity.report.not_found": Advice("Check the number: it begins with rep_, and 26 letters and digits follow."),
    "identity.report.too_large": Advice("Say it in less than 10,000 characters; more can follow when we answer."),
    "identity.erasure.scheduled": Advice(
        "Wait for the day, or take it back.", "/account/erase", "To the planned erasure"
    ),
    "identity.erasure.not_scheduled": Advice(
        "Either it was taken back already, and you can log in, or it has begun and cannot be taken back.", *_AGAIN
    ),
    "identity.erasure.not_found": Advice("Check the address: it must be copied whole."),
    "sync.quota_exceeded": Advice(
        "Delete something that you no longer need, or restore a smaller folder; then ask for it again."
    ),
    "sync.not_in_backup": Advice(
        "The backup holds nothing of this name. Write the path as it was then, folder by folder, capital letters too; "
        "or try an older backup."
    ),
    "sync.path_refused": Advice("Write the names of the folders and of the file with a slash between them."),
    "sync.backup_unknown": Advice("This backup has come to its end and was destroyed. Choose another one."),
    "sync.too_many_restores": Advice("As many as may wait are waiting. Ask again when one of them is done."),
    "sync.restore_target_gone": Advice("It was ended, since it was not wanted any more. Ask for it again if it is."),
    "sync.content_damaged": Advice("This backup cannot be read to its end. Choose another one."),
    "sync.locked": Advice("An app has locked the folder. Close what is open there, then ask for it again."),
    "sync.restore_given_up": Advice("Ask for it again. If it ends like this once more, write to customer service."),
    "idempotency.reply_not_kept": Advice(
        "This was done already, and what it made was shown once. If you did not keep it, make it anew."
    ),
}


def advice(code: str) -> Advice | None:
    """Return what to do after a refusal with *code*, where a page knows it better than the API."""
    return ADVICE.get(code)


def event(name: str) -> str:
    """Return what an event of the security log is called."""
    return EVENTS.get(name, name.replace("_", " ").capitalize())


def report(kind: str) -> str:
    """Return what a kind of report is called."""
    return REPORTS.get(kind, kind.replace("_", " ").capitalize())


def wait(seconds: int) -> str:
    """Return a time to wait as people say it: ``40 seconds``, ``14 minutes``, ``2 hours``."""
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length or seconds == length:
            count = -(-seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
