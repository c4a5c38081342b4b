"""Every refusal that sync can give; *precondition* is the element that RFC 4918 §16 puts into the body."""

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
    """A user name and an app password are needed."""

    code = "sync.credentials.invalid"
    remedy = "Make an app password in the privacy centre and use it with your sync user name."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Basic realm="Candor sync", charset="UTF-8"'})


class ReadOnlyAppPasswordError(ForbiddenError):
    """This app password may only read."""

    code = "sync.app_password.read_only"
    remedy = "Make an app password with the scope read_write."


class AccountClosedError(ForbiddenError):
    """The files of this account were erased."""

    code = "sync.account.closed"
    remedy = "There is nothing left to sync; sign up anew."


class ResourceNotFoundError(NotFoundError):
    """There is no file or folder at this address."""

    code = "sync.resource.not_found"
    remedy = "Read the folder again: it may have been moved or deleted."


class DavMethodNotAllowedError(ServiceError):
    """This method cannot be used on what is here."""

    code = "sync.method.not_allowed"
    status = 405
    remedy = "Use one of the methods in the Allow header."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Allow": ALLOWED_METHODS})


ALLOWED_METHODS = "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK, REPORT"


class InvalidPathError(MalformedError):
    """This address is not a path of files and folders."""

    code = "sync.path.invalid"
    remedy = "Send each name percent-encoded UTF-8, without empty, '.' or '..' parts, '%2F' or '%00'."


class NameTooLongError(ServiceError):
    """A name is longer than 255 bytes, or the whole path than 4,096."""

    code = "sync.name.too_long"
    status = 414
    remedy = "Shorten the name."


class ParentNotFoundError(ConflictError):
    """The folder that should hold this does not exist."""

    code = "sync.parent.not_found"
    remedy = "Make the folder first (MKCOL)."


class NormalizationConflictError(ConflictError):
    """A file here has the same name in another Unicode normal form."""

    code = "sync.name.normalization_conflict"
    remedy = "Use the name as the folder shows it, or rename the other one first."


class SameResourceError(ForbiddenError):
    """Source and destination are the same, or one is inside the other."""

    code = "sync.destination.same_resource"
    remedy = "Choose a destination outside the source."


class CrossServerDestinationError(ServiceError):
    """The destination is on another server or in another account."""

    code = "sync.destination.cross_server"
    status = 502
    remedy = "Copy and move within your own folder; download and upload for the rest."


class PreconditionFailedError(ServiceError):
    """The resource is not in the state that the request asked for."""

    code = "sync.resource.precondition_failed"
    status = 412
    remedy = "Read the resource again and decide anew."


class LockedError(ServiceError):
    """A lock protects this, and its token was not submitted by its creator."""

    code = "sync.resource.locked"
    status = 423
    remedy = "Submit the lock's token in the If header, or wait until the lock ends."
    precondition: ClassVar[str] = "lock-token-submitted"

    def __init__(self, path: tuple[str, ...]) -> None:
        """*path* is the root of the lock; its token is never shown."""
        super().__init__()
        self.path = path


class LockConflictError(LockedError):
    """Another lock is in the way of this one."""

    code = "sync.lock.conflict"
    precondition = "no-conflicting-lock"


class LockNotFoundError(ConflictError):
    """No lock with this token covers this address."""

    code = "sync.lock.not_found"
    remedy = "Use the Lock-Token that LOCK returned, at the address that it locked."
    precondition: ClassVar[str] = "lock-token-matches-request-uri"


class NotLockOwnerError(ForbiddenError):
    """Only the device that took a lock may end it."""

    code = "sync.lock.not_owner"
    remedy = "End it with the app password that took it, or wait until it ends."


class QuotaExceededError(ServiceError):
    """There is not enough room left in this account."""

    code = "sync.quota.exceeded"
    status = 507
    remedy = "Delete something, or ask for more room."
    precondition: ClassVar[str] = "quota-not-exceeded"


class PropertiesTooLargeError(ServiceError):
    """The properties of this resource would take more than 64 KiB."""

    code = "sync.properties.too_large"
    status = 507
    remedy = "Remove properties that are no longer needed."


class TooManyLocksError(ServiceError):
    """This account holds as many locks as it may."""

    code = "sync.lock.too_many"
    status = 507
    remedy = "End locks that are no longer needed."


class TooManyMembersError(ForbiddenError):
    """This folder holds more than can be copied at once."""

    code = "sync.folder.too_many_members"
    remedy = "Copy its folders one by one."


class PropfindFiniteDepthError(ForbiddenError):
    """Folders are listed one level at a time."""

    code = "sync.propfind.finite_depth"
    remedy = "Send Depth: 0 or Depth: 1."
    precondition: ClassVar[str] = "propfind-finite-depth"


class InvalidSyncTokenError(ForbiddenError):
    """This token does not tell any more what the client has seen."""

    code = "sync.sync_token.invalid"
    remedy = "Begin anew with an empty token."
    precondition: ClassVar[str] = "valid-sync-token"


class UnsupportedReportError(ForbiddenError):
    """This report cannot be given here."""

    code = "sync.report.unsupported"
    remedy = "Ask a folder for one of the reports in its supported-report-set."
    precondition: ClassVar[str] = "supported-report"


class InvalidLimitError(ServiceError):
    """So few results cannot be given."""

    code = "sync.limit.invalid"
    status = 507
    remedy = "Ask for at least one result."
    precondition: ClassVar[str] = "number-of-matches-within-limits"


class InvalidResourceTypeError(ForbiddenError):
    """Only plain folders can be made here."""

    code = "sync.resource_type.invalid"
    remedy = "Ask for the resource type DAV:collection alone."
    precondition: ClassVar[str] = "valid-resourcetype"


class InvalidHeaderError(MalformedError):
    """A header cannot be read."""

    code = "sync.header.invalid"
    remedy = "Send the header as RFC 9110 and RFC 4918 describe it."


class InvalidXmlError(MalformedError):
    """The body is not the XML that this method takes."""

    code = "sync.xml.invalid"
    remedy = "Send well-formed XML as RFC 4918 describes it, without a document type."


class XmlTooLargeError(TooLargeError):
    """The XML body is larger than 256 KiB."""

    code = "sync.xml.too_large"


class UnsupportedDavBodyError(ServiceError):
    """This method takes no body of this type."""

    code = "sync.body.unsupported_media_type"
    status = 415
    remedy = "Send the request without a body, or with XML that says what it is."


class RangeNotSatisfiableError(ServiceError):
    """No byte of the file lies in the requested range."""

    code = "sync.range.not_satisfiable"
    status = 416
    remedy = "Ask for a range within the size of the file."


class IncompleteUploadError(MalformedError):
    """The upload ended early; the old file is untouched."""

    code = "sync.upload.incomplete"
    remedy = "Send the whole file again."


class UploadTimeoutError(ServiceError):
    """The upload came to a halt; the old file is untouched."""

    code = "sync.upload.timeout"
    status = 408
    remedy = "Send the whole file again."


class UploadReservationExpiredError(UnavailableError):
    """The upload took longer than its reservation; the old file is untouched."""

    code = "sync.upload.reservation_expired"


class CorruptContentError(ServiceError):
    """The stored content does not open: it was altered, cut or exchanged."""

    code = "sync.content.corrupt"
    status = 500
    remedy = "Restore the file from a backup."


class BackupNotFoundError(NotFoundError):
    """There is no such backup."""

    code = "sync.backup.not_found"
    remedy = "List the backups: each is destroyed at its end date."


class BackupPathNotFoundError(NotFoundError):
    """This backup holds nothing of that name."""

    code = "sync.backup_path.not_found"
    remedy = "Write the path as it was then, folder by folder, capital letters too; or try an older backup."


class CorruptBackupFileError(CorruptContentError):
    """The backup holds this file in a form that does not open."""

    code = "sync.backup_file.corrupt"
    remedy = "Restore the file from another backup."


class RestoreNotFoundError(NotFoundError):
    """There is no such restore of this account."""

    code = "sync.restore.not_found"
    remedy = "List the restores: they are forgotten after four weeks."


class TooManyRestoresError(ConflictError):
    """As many restores of this account are waiting as may be."""

    code = "sync.restore.too_many"
    remedy = "Wait until one of them is done."


class RestoreTargetDeletedError(ConflictError):
    """What had come back was deleted while more was coming."""

    code = "sync.restore.target_deleted"
    remedy = "Ask for the restore again if you want it after all."


class RestoreAbandonedError(ServiceError):
    """The restore was begun many times and came no further."""

    code = "sync.restore.abandoned"
    status = 500
    remedy = "Ask for it again; what came back stays. If it ends like this again, write to support."


class InspectionNotFoundError(NotFoundError):
    """There is no such inspection."""

    code = "sync.inspection.not_found"
    remedy = "Ask for an inspection first."


class InspectionNotOpenError(ConflictError):
    """This inspection waits for a second person, is approved already, or has ended."""

    code = "sync.inspection.not_open"
    remedy = "Read its state; ask for another one when it has ended."


class NotInspectionRequesterError(ForbiddenError):
    """Only who asked for an inspection may look."""

    code = "sync.inspection.not_requester"
    remedy = "Ask for an inspection of your own."


class NotClientStateError(ForbiddenError):
    """Contents are shown to nobody but their owner; only the state files of sync clients are."""

    code = "sync.file.not_client_state"
    remedy = "Look at a file whose name ends in .client."


class TooManyPendingWritesError(UnavailableError):
    """Too many changes of this account are waiting."""

    code = "sync.write.too_many_pending"


class WriteOutcomeUnknownError(UnavailableError):
    """The change was interrupted; whether it was made is not known."""

    code = "sync.write.outcome_unknown"
