"""Email to a single recipient: queued encrypted in the transaction that causes it, signed, retried until final."""

from shared.mail.address import EmailAddress, FromAddress, InvalidEmailAddressError
from shared.mail.bulk import BulkComposer, BulkEmail, BulkRecipient, build_slot
from shared.mail.compose import compose
from shared.mail.dkim import DkimSigner
from shared.mail.log import (
    DeliveryStatus,
    MailDirection,
    MailLog,
    MailLogCheck,
    MailLogDocument,
    MailLogFilter,
    MailLogSource,
    MergedMailLog,
    ReceivedMail,
    SentMail,
)
from shared.mail.message import EmailMessage
from shared.mail.queue import MailQueue, QueuedMailDocument
from shared.mail.reports import EmailReport, EmailReports
from shared.mail.return_path import ReturnPath, ReturnPathSigner, ReturnPathVerifier, derive_return_path_key
from shared.mail.sender import MailSender, SenderConfig
from shared.mail.smtp import SmtpClient, SmtpReply, SmtpUnavailableError, SmtpUrl
from shared.mail.templates import EmailTemplates, RenderedEmail

__all__ = [
    "BulkComposer",
    "BulkEmail",
    "BulkRecipient",
    "DeliveryStatus",
    "DkimSigner",
    "EmailAddress",
    "EmailMessage",
    "EmailReport",
    "EmailReports",
    "EmailTemplates",
    "FromAddress",
    "InvalidEmailAddressError",
    "MailDirection",
    "MailLog",
    "MailLogCheck",
    "MailLogDocument",
    "MailLogFilter",
    "MailLogSource",
    "MailQueue",
    "MailSender",
    "MergedMailLog",
    "QueuedMailDocument",
    "ReceivedMail",
    "RenderedEmail",
    "ReturnPath",
    "ReturnPathSigner",
    "ReturnPathVerifier",
    "SenderConfig",
    "SentMail",
    "SmtpClient",
    "SmtpReply",
    "SmtpUnavailableError",
    "SmtpUrl",
    "build_slot",
    "compose",
    "derive_return_path_key",
]
