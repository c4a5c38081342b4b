"""Email to a single recipient: queued encrypted in the transaction that causes it, signed, retried until final."""

from shared.mail.address import EmailAddress, FromAddress, InvalidEmailAddressError
from shared.mail.compose import compose
from shared.mail.dkim import DkimSigner
from shared.mail.message import EmailMessage
from shared.mail.queue import DeliveryStatus, MailLogDocument, MailQueue, QueuedMailDocument
from shared.mail.return_path import ReturnPath, ReturnPathSigner, ReturnPathVerifier, derive_return_path_key
from shared.mail.sender import MailSender, SenderConfig
from shared.mail.smtp import SmtpClient, SmtpUrl
from shared.mail.templates import EmailTemplates, RenderedEmail

__all__ = [
    "DeliveryStatus",
    "DkimSigner",
    "EmailAddress",
    "EmailMessage",
    "EmailTemplates",
    "FromAddress",
    "InvalidEmailAddressError",
    "MailLogDocument",
    "MailQueue",
    "MailSender",
    "QueuedMailDocument",
    "RenderedEmail",
    "ReturnPath",
    "ReturnPathSigner",
    "ReturnPathVerifier",
    "SenderConfig",
    "SmtpClient",
    "SmtpUrl",
    "compose",
    "derive_return_path_key",
]
