"""Security events and challenges, and the lifetimes of tokens."""

from datetime import timedelta
from enum import StrEnum


class SecurityEventKind(StrEnum):
    """The kinds of events in the security log."""

    LOGGED_IN = "logged_in"
    REAUTHENTICATED = "reauthenticated"
    """The owner authenticated again during a session."""
    SECOND_FACTOR_FAILED = "second_factor_failed"
    SESSIONS_REVOKED = "sessions_revoked"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an event, not a secret
    PASSWORD_RESET_REQUESTED = "password_reset_requested"  # noqa: S105 - the name of an event, not a secret
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of an event, not a secret
    TOTP_ADDED = "totp_added"
    TOTP_REMOVED = "totp_removed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    RECOVERY_CODES_REPLACED = "recovery_codes_replaced"
    RECOVERY_CODE_USED = "recovery_code_used"
    APP_PASSWORD_CREATED = "app_password_created"  # noqa: S105 - the name of an event, not a secret
    APP_PASSWORD_REVOKED = "app_password_revoked"  # noqa: S105 - the name of an event, not a secret
    EMAIL_CHANGE_REQUESTED = "email_change_requested"
    EMAIL_CHANGED = "email_changed"
    EMAIL_CHANGE_REVERTED = "email_change_reverted"
    ERASURE_SCHEDULED = "erasure_scheduled"
    ERASURE_CANCELLED = "erasure_cancelled"
    STAFF_ACTION_ANNOUNCED = "staff_action_announced"
    """Customer service will act at the owner's request, unless the owner objects."""
    STAFF_ACTION_OBJECTED = "staff_action_objected"
    SECOND_FACTORS_REMOVED = "second_factors_removed"
    EXPORT_LINK_SENT = "export_link_sent"
    PASSWORD_CANCELLED = "password_cancelled"  # noqa: S105 - the name of an event, not a secret
    FROZEN = "frozen"
    UNFROZEN = "unfrozen"


class ChallengeKind(StrEnum):
    """What a challenge is for. A response to one kind is invalid for another."""

    SECOND_FACTOR = "second_factor"
    PASSKEY_LOGIN = "passkey_login"
    PASSKEY_REGISTRATION = "passkey_registration"
    STEP_UP = "step_up"


CHALLENGE_LIFETIME = timedelta(minutes=5)
MAX_CHALLENGE_ATTEMPTS = 5
"""How many codes may be tried after one correct password."""
PASSWORD_RESET_LIFETIME = timedelta(minutes=30)
EMAIL_CHANGE_LIFETIME = timedelta(minutes=30)
EMAIL_CHANGE_REVERT_LIFETIME = timedelta(days=7)
KNOWN_DEVICE_LIFETIME = timedelta(days=180)
MAX_ERASURE_GRACE_DAYS = 30
RECOVERY_CODE_COUNT = 10
MAX_PASSKEYS = 20
SECURITY_LOG_RETENTION_DAYS = 180
