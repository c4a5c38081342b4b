"""From the age screen to a proven address, and what the owner sees of the account."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from services.identity.domain import age
from services.identity.domain.access import VERIFICATION_LIFETIME, Role
from services.identity.domain.age import Birth
from services.identity.errors import (
    AccountNotFoundError,
    AddressTakenError,
    AgeTokenRefusedError,
    SignUpClosedError,
    VerificationRefusedError,
)
from services.identity.service.documents import account_of, sign_up_of
from shared.contracts import identity_v1
from shared.errors import FieldProblem, InvalidInputError, MalformedError
from shared.ids import NewId, digest, new_token
from shared.policy import Purpose

if TYPE_CHECKING:
    from services.identity.service.passwords import Passwords
    from services.identity.store import Account, Accounts, Credentials, MailGaps, SignUps
    from services.identity.store.letters import Letters
    from shared.bus import Outbox
    from shared.crypto import Links
T = TypeVar("T")
