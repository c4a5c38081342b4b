"""The errors of sync; *precondition* is the XML element that RFC 4918 §16 puts into the body."""

from typing import ClassVar

from shared.errors import (
    ConflictError,
    ForbiddenError,
    MalformedError,
    NotFoundError,
    ServiceError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)


class InvalidDeviceCredentialsError(UnauthenticatedError):
    """A user name and an app password are required."""

    code = "sync.credentials.invalid"
    remedy = "Create an app password in the privacy centre and use it with your sync user name."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Basic realm="Candor sync", charset="UTF-8"'})


class ReadOnlyAppPasswordError(ForbiddenError):
    """This app password may only read."""

    code = "sync.app_password.read_only"
    remedy = "Create an app password with the scope read_write."


class AccountClosedError(ForbiddenError):
    """The files of this account were erased."""

    code = "sync.account.closed"
    remedy = "Sign up again: an erased account cannot be restored."


class ResourceNotFoundError(NotFoundError):
    """There is no file or folder at this URL."""

    code = "sync.resource.not_found"
    remedy = "Read the folder again: it may have been moved or deleted."


class DavMethodNotAllowedError(ServiceError):
    """This resource does not support the method."""

    code = "sync.method.not_allowed"
    status = 405
    remedy = "Use one of the methods in the Allow header."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Allow": ALLOWED_METHODS})


ALLOWED_METHODS = "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK, REPORT"


class InvalidPathError(MalformedError):
    """This URL is not a path of files and folders."""

    code = "sync.path.invalid"
    remedy = "Send each name percent-encoded UTF-8, without empty, '.' or '..' parts, '%2F' or '%00'."


class NameTooLongError(ServiceError):
    """A name is longer than 255 bytes, or the whole path than 4,096."""

    code = "sync.name.too_long"
    status = 414
    remedy = "Shorten the name."


class ParentNotFoundError(ConflictError):
    """The parent folder does not exist."""

    code = "sync.parent.not_found"
    remedy = "Create the folder first (MKCOL)."


class NormalizationConflictError(ConflictError):
    """A file here has the same name in another Unicode normal form."""

    code = "sync.name.normalization_conflict"
    remedy = "Use the name as the folder lists it, or rename the other file first."


class SameResourceError(ForbiddenError):
    """Source and destination are the same, or one is inside the other."""

    code = "sync.destination.same_resource"
    remedy = "Choose a destination outside the source."


class CrossServerDestinationError(ServiceError):
    """The destination is on another server or in another account."""

    code = "sync.destination.cross_server"
    status = 502
    remedy = "Copy and move within your own folder; otherwise download and upload."


class PreconditionFailedError(ServiceError):
    """A precondition of the request does not hold."""

    code = "sync.resource.precondition_failed"
    status = 412
    remedy = "Read the resource again and repeat the request with its current ETag."


class LockedError(ServiceError):
    """The resource is locked, and the request did not submit a token of this device."""

    code = "sync.resource.locked"
    status = 423
    remedy = "Submit the lock token in the If header, or wait until the lock expires."
    precondition: ClassVar[str] = "lock-token-submitted"

    def __init__(self, path: tuple[str, ...]) -> None:
        """*path* is the root of the lock; its token is never revealed."""
        super().__init__()
        self.path = path


class LockConflictError(LockedError):
    """Another lock conflicts with this one."""

    code = "sync.lock.conflict"
    precondition = "no-conflicting-lock"


class LockNotFoundError(ConflictError):
    """No lock with this token covers this URL."""

    code = "sync.lock.not_found"
    remedy = "Use the Lock-Token that LOCK returned, at the URL that it locked."
    precondition: ClassVar[str] = "lock-token-matches-request-uri"


class NotLockOwnerError(ForbiddenError):
    """Only the device that created a lock may release it."""

    code = "sync.lock.not_owner"
    remedy = "Release it with the app password that created it, or wait until it expires."


class QuotaExceededError(ServiceError):
    """The storage quota of this account is exceeded."""

    code = "sync.quota.exceeded"
    status = 507
    remedy = "Delete files, or ask for a larger quota."
    precondition: ClassVar[str] = "quota-not-exceeded"


class PropertiesTooLargeError(ServiceError):
    """The properties of this resource would exceed 64 KiB."""

    code = "sync.properties.too_large"
    status = 507
    remedy = "Remove properties that are no longer needed."


class TooManyLocksError(ServiceError):
    """This account has the maximum number of locks."""

    code = "sync.lock.too_many"
    status = 507
    remedy = "Release locks that are no longer needed."


class TooManyMembersError(ForbiddenError):
    """This folder holds too many files to copy at once."""

    code = "sync.folder.too_many_members"
    remedy = "Copy its subfolders one by one."


class PropfindFiniteDepthError(ForbiddenError):
    """Folders are listed one level at a time."""

    code = "sync.propfind.finite_depth"
    remedy = "Send Depth: 0 or Depth: 1."
    precondition: ClassVar[str] = "propfind-finite-depth"


class InvalidSyncTokenError(ForbiddenError):
    """This sync token is no longer valid."""

    code = "sync.sync_token.invalid"
    remedy = "Start again with an empty token."
    precondition: ClassVar[str] = "valid-sync-token"


class UnsupportedReportError(ForbiddenError):
    """This resource does not support the report."""

    code = "sync.report.unsupported"
    remedy = "Request a report from the supported-report-set of a folder."
    precondition: ClassVar[str] = "supported-report"


class InvalidLimitError(ServiceError):
    """The limit is below one result."""

    code = "sync.limit.invalid"
    status = 507
    remedy = "Request at least one result."
    precondition: ClassVar[str] = "number-of-matches-within-limits"


class InvalidResourceTypeError(ForbiddenError):
    """Only plain folders can be created here."""

    code = "sync.resource_type.invalid"
    remedy = "Request the resource type DAV:collection only."
    precondition: ClassVar[str] = "valid-resourcetype"


class InvalidHeaderError(MalformedError):
    """A header is malformed."""

    code = "sync.header.invalid"
    remedy = "Send the header as RFC 9110 and RFC 4918 specify it."


class InvalidXmlError(MalformedError):
    """The body is not the XML that this method expects."""

    code = "sync.xml.invalid"
    remedy = "Send well-formed XML as RFC 4918 specifies it, without a document type."


class XmlTooLargeError(TooLargeError):
    """The XML body is larger than 256 KiB."""

    code = "sync.xml.too_large"


class UnsupportedDavBodyError(ServiceError):
    """This method does not accept a body of this type."""

    code = "sync.body.unsupported_media_type"
    status = 415
    remedy = "Send no body, or XML with a Content-Type of XML."


class RangeNotSatisfiableError(ServiceError):
    """No byte of the file lies in the requested range."""

    code = "sync.range.not_satisfiable"
    status = 416
    remedy = "Request a range within the size of the file."


class IncompleteUploadError(MalformedError):
    """The upload is incomplete; the previous file is unchanged."""

    code = "sync.upload.incomplete"
    remedy = "Send the whole file again."


class UploadTimeoutError(ServiceError):
    """The upload timed out; the previous file is unchanged."""

    code = "sync.upload.timeout"
    status = 408
    remedy = "Send the whole file again."


class UploadReservationExpiredError(UnavailableError):
    """The reservation of the upload has expired; the previous file is unchanged."""

    code = "sync.upload.reservation_expired"


class CorruptContentError(ServiceError):
    """The stored content is corrupt."""

    code = "sync.content.corrupt"
    status = 500
    remedy = "Restore the file from a backup."


class BackupNotFoundError(NotFoundError):
    """There is no such backup."""

    code = "sync.backup.not_found"
    remedy = "List the backups: each is deleted at its end date."


class BackupPathNotFoundError(NotFoundError):
    """This backup holds nothing of that name."""

    code = "sync.backup_path.not_found"
    remedy = "Give the path at the time of the backup, including capital letters; or try an older backup."


class CorruptBackupFileError(CorruptContentError):
    """This file is corrupt in the backup."""

    code = "sync.backup_file.corrupt"
    remedy = "Restore the file from another backup."


class RestoreNotFoundError(NotFoundError):
    """There is no such restore of this account."""

    code = "sync.restore.not_found"
    remedy = "List the restores: they are deleted after four weeks."


class TooManyRestoresError(ConflictError):
    """This account has the maximum number of pending restores."""

    code = "sync.restore.too_many"
    remedy = "Wait until one of them has finished."


class RestoreTargetDeletedError(ConflictError):
    """The restored folder was deleted while the restore was running."""

    code = "sync.restore.target_deleted"
    remedy = "Request the restore again if you still need it."


class RestoreAbandonedError(ServiceError):
    """The restore was attempted many times without progress."""

    code = "sync.restore.abandoned"
    status = 500
    remedy = "Request it again; restored files stay. If it fails again, contact support."


class InspectionNotFoundError(NotFoundError):
    """There is no such inspection."""

    code = "sync.inspection.not_found"
    remedy = "Request an inspection first."


class InspectionNotOpenError(ConflictError):
    """This inspection awaits approval, is already approved, or has ended."""

    code = "sync.inspection.not_open"
    remedy = "Read its state; request another one when it has ended."


class NotInspectionRequesterError(ForbiddenError):
    """Only the requester of an inspection may use it."""

    code = "sync.inspection.not_requester"
    remedy = "Request an inspection of your own."


class NotClientStateError(ForbiddenError):
    """Inspections show the state files of sync clients, no other contents."""

    code = "sync.file.not_client_state"
    remedy = "Request a file whose name ends in .client."


class TooManyPendingWritesError(UnavailableError):
    """Too many changes of this account are pending."""

    code = "sync.write.too_many_pending"


class WriteOutcomeUnknownError(UnavailableError):
    """The change was interrupted; whether it was stored is unknown."""

    code = "sync.write.outcome_unknown"
