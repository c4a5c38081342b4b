"""Labels of security events, and what to do after an error: the texts of the pages about an account's security."""

from dataclasses import dataclass

EVENTS = {
    "logged_in": "Logged in",
    "reauthenticated": "Confirmed your identity",
    "second_factor_failed": "A second factor was rejected",
    "sessions_revoked": "Sessions were ended",
    "password_changed": "Password changed",
    "password_reset_requested": "Password reset link requested",
    "password_reset": "Password reset by email link",
    "totp_added": "Authenticator app added",
    "totp_removed": "Authenticator app removed",
    "passkey_added": "Passkey added",
    "passkey_removed": "Passkey removed",
    "recovery_codes_replaced": "Recovery codes created",
    "recovery_code_used": "Recovery code used",
    "app_password_created": "App password created",
    "app_password_revoked": "App password revoked",
    "email_change_requested": "Email address change requested",
    "email_changed": "Email address changed",
    "email_change_reverted": "Email address change undone",
    "erasure_scheduled": "Account erasure scheduled",
    "erasure_cancelled": "Account erasure cancelled",
    "staff_action_announced": "Customer service was asked to act on your account",
    "staff_action_objected": "An action of customer service was stopped by an objection",
    "second_factors_removed": "Second factors removed by customer service at your request",
    "export_link_sent": "Data export started by customer service at your request",
    "password_cancelled": "Password cancelled by customer service at your request",
    "frozen": "Account frozen",
    "unfrozen": "Account unfrozen",
}
REPORT_KINDS = {
    "unauthorized_use": "Someone else is using an account",
    "password_phishing": "Someone asked for a password",
    "security_problem": "A problem with our security",
}


@dataclass(frozen=True, slots=True)
class ErrorHelp:
    """What a person does after an error, and a link to do it; the remedies of the APIs are written for programs."""

    text: str
    path: str = ""
    label: str = ""


_LOGIN_LINK = ("/account/log-in", "Log in")
_RESET_LINK = ("/account/forgot-password", "Reset your password")
_FACTORS_LINK = ("/account/second-factors", "Manage second factors")
ERROR_HELP = {
    "identity.login.invalid_credentials": ErrorHelp(
        "Check your email address and password. For your security, we do not say which one is wrong.", *_RESET_LINK
    ),
    "identity.account.frozen": ErrorHelp(
        "Logging in is blocked, but your data is safe. We emailed you the reason. Customer service can unfreeze the "
        "account together with you.",
        "/account/report",
        "Contact customer service",
    ),
    "identity.account.password_cancelled": ErrorHelp(
        "Customer service cancelled it at your request. We can email you a link to set a new one.", *_RESET_LINK
    ),
    "identity.login.too_many_attempts": ErrorHelp(
        "There were too many failed attempts. This protects your account; nothing was changed.", *_RESET_LINK
    ),
    "identity.password_hashing.busy": ErrorHelp("Many people are logging in right now. Your entries are fine."),
    "identity.challenge.invalid": ErrorHelp(
        "The login took too long or had too many failed attempts. Start again; nothing was changed."
    ),
    "identity.second_factor.invalid": ErrorHelp(
        "Each code works once. Wait for the next code in your app, and check that the clock of your device is correct."
    ),
    "identity.passkey.invalid": ErrorHelp(
        "Try again with a passkey of this account that verifies your PIN, fingerprint or face."
    ),
    "identity.passkey.already_registered": ErrorHelp("This passkey is already in your list.", *_FACTORS_LINK),
    "identity.passkey.too_many": ErrorHelp("Remove a passkey that you no longer use.", *_FACTORS_LINK),
    "identity.passkey.not_found": ErrorHelp("It may have been removed in another window.", *_FACTORS_LINK),
    "identity.totp.exists": ErrorHelp("To use another app, remove the current one first.", *_FACTORS_LINK),
    "identity.totp.not_found": ErrorHelp(
        "Start again. It may have been removed or restarted in another window.", *_FACTORS_LINK
    ),
    "identity.second_factor.not_enrolled": ErrorHelp(
        "Recovery codes replace a second factor. Add a second factor first.", *_FACTORS_LINK
    ),
    "identity.password.too_short_without_second_factor": ErrorHelp(
        "Your password has fewer than 15 characters, which is only allowed with a second factor. Choose a longer "
        "password first, then remove this factor.",
        "/account/password",
        "Change your password",
    ),
    "identity.step_up.second_factor_required": ErrorHelp("Your account has a second factor. Please use it here."),
    "identity.password.incorrect": ErrorHelp("Enter the password of the account you are logged in to.", *_RESET_LINK),
    "identity.new_password.invalid": ErrorHelp("Choose a different password. Nothing was changed."),
    "identity.password_reset_token.invalid": ErrorHelp(
        "Each link works once, for 30 minutes, and only the newest one. Request a new link.", *_RESET_LINK
    ),
    "identity.verification_token.invalid": ErrorHelp(
        "Each link works once, for 30 minutes. If you already used it, log in.", *_LOGIN_LINK
    ),
    "identity.email_change_token.invalid": ErrorHelp(
        "A confirmation link works once, for 30 minutes; an undo link works once, for seven days. Nothing was changed.",
        "/account/email",
        "Manage your email address",
    ),
    "identity.lock_token.invalid": ErrorHelp(
        "Each link works once, for 24 hours. If you already used it, your account is locked. Otherwise, report it "
        "again to get a new link.",
        "/account/report",
        "Report again",
    ),
    "portal.staff.wrong_role": ErrorHelp(
        "Ask a colleague with one of these roles. The console menu shows the sections you can use.",
        "/staff",
        "Open the console",
    ),
    "identity.abuse_report.not_found": ErrorHelp(
        "Check the report number. It starts with rep_, followed by 26 letters and digits."
    ),
    "identity.abuse_report.too_large": ErrorHelp("Use fewer than 10,000 characters. You can add more when we answer."),
    "identity.erasure.already_scheduled": ErrorHelp(
        "Wait until the scheduled day, or cancel the erasure.", "/account/erase", "View the scheduled erasure"
    ),
    "identity.erasure.not_scheduled": ErrorHelp(
        "It was already cancelled and you can log in, or it has started and can no longer be cancelled.", *_LOGIN_LINK
    ),
    "identity.erasure.not_found": ErrorHelp("Check that you copied the complete address."),
    "sync.quota.exceeded": ErrorHelp(
        "Delete files that you no longer need, or restore a smaller folder; then try again."
    ),
    "sync.backup_path.not_found": ErrorHelp(
        "The backup contains no file or folder with this path. Check the spelling and capital letters, or choose an "
        "older backup."
    ),
    "sync.path.invalid": ErrorHelp("Separate the names of folders and files with a slash."),
    "sync.backup.not_found": ErrorHelp("This backup has expired and was deleted. Choose another one."),
    "sync.restore.too_many": ErrorHelp("Your other restores must finish first. Try again when one of them is done."),
    "sync.restore.target_deleted": ErrorHelp("Its folder was deleted. Restore it again if you still need it."),
    "sync.content.corrupt": ErrorHelp("This backup could not be read completely. Choose another one."),
    "sync.resource.locked": ErrorHelp("An app has locked the folder. Close the open files, then try again."),
    "sync.restore.abandoned": ErrorHelp("Try again. If it stops again, contact customer service."),
    "idempotency.reply.not_stored": ErrorHelp(
        "This request was already completed, and its result was shown once. If you did not save it, create a new one."
    ),
}


def find_error_help(code: str) -> ErrorHelp | None:
    """Return the help for people after an error with *code*; None when the API's remedy is good enough."""
    return ERROR_HELP.get(code)


def event_label(name: str) -> str:
    """Return the label of a security event."""
    return EVENTS.get(name, name.replace("_", " ").capitalize())


def report_kind_label(kind: str) -> str:
    """Return the label of a kind of abuse report."""
    return REPORT_KINDS.get(kind, kind.replace("_", " ").capitalize())


def format_wait(seconds: int) -> str:
    """Format a waiting time: ``40 seconds``, ``14 minutes``, ``2 hours``."""
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length or seconds == length:
            count = -(-seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
