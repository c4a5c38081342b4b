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


class CredentialRefusedError(UnauthenticatedError):
    """A user name and an app password are needed."""

    code = "sync.credential_refused"
    remedy = "Make an app password in the privacy centre and use it with your sync user name."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Basic realm="Candor sync", charset="UTF-8"'})


class ReadOnlyError(ForbiddenError):
    """This app password may only read."""

    code = "sync.read_only"
    remedy = "Make an app password with the scope read_write."


class AccountClosedError(ForbiddenError):
    """The files of this account were erased."""

    code = "sync.account_closed"
    remedy = "There is nothing left to sync; sign up anew."


class NothingHereError(NotFoundError):
    """There is no file or folder at this address."""

    code = "sync.not_found"
    remedy = "Read the folder again: it may have been moved or deleted."


class MethodRefusedError(ServiceError):
    """This method cannot be used on what is here."""

    code = "sync.method_refused"
    status = 405
    remedy = "Use one of the methods in the Allow header."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Allow": ALLOWED})


ALLOWED = "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK, REPORT"


class PathRefusedError(MalformedError):
    """This address is not a path of files and folders."""

    code = "sync.path_refused"
    remedy = "Send each name percent-encoded UTF-8, without empty, '.' or '..' parts, '%2F' or '%00'."


class NameTooLongError(ServiceError):
    """A name is longer than 255 bytes, or the whole path than 4,096."""

    code = "sync.name_too_long"
    status = 414
    remedy = "Shorten the name."


class ParentMissingError(ConflictError):
    """The folder that should hold this does not exist."""

    code = "sync.parent_missing"
    remedy = "Make the folder first (MKCOL)."


class NameTwinError(ConflictError):
    """A file here has the same name in another Unicode normal form."""

    code = "sync.name_twin"
    remedy = "Use the name as the folder shows it, or rename the other one first."


class SamePlaceError(ForbiddenError):
    """Source and destination are the same, or one is inside the other."""

    code = "sync.same_place"
    remedy = "Choose a destination outside the source."


class ForeignDestinationError(ServiceError):
    """The destination is on another server or in another account."""

    code = "sync.foreign_destination"
    status = 502
    remedy = "Copy and move within your own folder; download and upload for the rest."


class PreconditionFailedError(ServiceError):
    """The resource is not in the state that the request asked for."""

    code = "sync.precondition_failed"
    status = 412
    remedy = "Read the resource again and decide anew."


class LockedError(ServiceError):
    """A lock protects this, and its token was not submitted by its creator."""

    code = "sync.locked"
    status = 423
    remedy = "Submit the lock's token in the If header, or wait until the lock ends."
    precondition: ClassVar[str] = "lock-token-submitted"

    def __init__(self, path: tuple[str, ...]) -> None:
        """*path* is the root of the lock; its token is never shown."""
        super().__init__()
        self.path = path


class LockConflictError(LockedError):
    """Another lock is in the way of this one."""

    code = "sync.lock_conflict"
    precondition = "no-conflicting-lock"


class LockUnknownError(ConflictError):
    """No lock with this token covers this address."""

    code = "sync.lock_unknown"
    remedy = "Use the Lock-Token that LOCK returned, at the address that it locked."
    precondition: ClassVar[str] = "lock-token-matches-request-uri"


class LockNotYoursError(ForbiddenError):
    """Only the device that took a lock may end it."""

    code = "sync.lock_not_yours"
    remedy = "End it with the app password that took it, or wait until it ends."


class QuotaExceededError(ServiceError):
    """There is not enough room left in this account."""

    code = "sync.quota_exceeded"
    status = 507
    remedy = "Delete something, or ask for more room."
    precondition: ClassVar[str] = "quota-not-exceeded"


class TooManyPropertiesError(ServiceError):
    """The properties of this resource would take more than 64 KiB."""

    code = "sync.too_many_properties"
    status = 507
    remedy = "Remove properties that are no longer needed."


class TooManyLocksError(ServiceError):
    """This account holds as many locks as it may."""

    code = "sync.too_many_locks"
    status = 507
    remedy = "End locks that are no longer needed."


class TooManyMembersError(ForbiddenError):
    """This folder holds more than can be copied at once."""

    code = "sync.too_many_members"
    remedy = "Copy its folders one by one."


class InfiniteDepthError(ForbiddenError):
    """Folders are listed one level at a time."""

    code = "sync.infinite_depth"
    remedy = "Send Depth: 0 or Depth: 1."
    precondition: ClassVar[str] = "propfind-finite-depth"


class SyncTokenRefusedError(ForbiddenError):
    """This token does not tell any more what the client has seen."""

    code = "sync.token_refused"
    remedy = "Begin anew with an empty token."
    precondition: ClassVar[str] = "valid-sync-token"


class ReportUnknownError(ForbiddenError):
    """This report cannot be given here."""

    code = "sync.report_unknown"
    remedy = "Ask a folder for one of the reports in its supported-report-set."
    precondition: ClassVar[str] = "supported-report"


class LimitRefusedError(ServiceError):
    """So few results cannot be given."""

    code = "sync.limit_refused"
    status = 507
    remedy = "Ask for at least one result."
    precondition: ClassVar[str] = "number-of-matches-within-limits"


class ResourceTypeRefusedError(ForbiddenError):
    """Only plain folders can be made here."""

    code = "sync.resource_type_refused"
    remedy = "Ask for the resource type DAV:collection alone."
    precondition: ClassVar[str] = "valid-resourcetype"


class HeaderRefusedError(MalformedError):
    """A header cannot be read."""

    code = "sync.header_refused"
    remedy = "Send the header as RFC 9110 and RFC 4918 describe it."


class XmlRefusedError(MalformedError):
    """The body is not the XML that this method takes."""

    code = "sync.xml_refused"
    remedy = "Send well-formed XML as RFC 4918 describes it, without a document type."


class XmlTooLargeError(TooLargeError):
    """The XML body is larger than 256 KiB."""

    code = "sync.xml_too_large"


class BodyRefusedError(ServiceError):
    """This method takes no body of this type."""

    code = "sync.body_refused"
    status = 415
    remedy = "Send the request without a body, or with XML that says what it is."


class RangeRefusedError(ServiceError):
    """No byte of the file lies in the requested range."""

    code = "sync.range_refused"
    status = 416
    remedy = "Ask for a range within the size of the file."


class UploadBrokenError(MalformedError):
    """The upload ended early; the old file is untouched."""

    code = "sync.upload_broken"
    remedy = "Send the whole file again."


class UploadStalledError(ServiceError):
    """The upload came to a halt; the old file is untouched."""

    code = "sync.upload_stalled"
    status = 408
    remedy = "Send the whole file again."


class UploadLostError(UnavailableError):
    """The upload took longer than its reservation; the old file is untouched."""

    code = "sync.upload_lost"


class ContentDamagedError(ServiceError):
    """The stored content does not open: it was altered, cut or exchanged."""

    code = "sync.content_damaged"
    status = 500
    remedy = "Restore the file from a backup."


class CursorRefusedError(MalformedError):
    """The cursor is not one that was given for this export."""

    code = "sync.cursor_refused"
    remedy = "Begin the export anew."


class BackupUnknownError(NotFoundError):
    """There is no such backup."""

    code = "sync.backup_unknown"
    remedy = "List the backups: each is destroyed at its end date."


class NotInBackupError(NotFoundError):
    """This backup holds nothing of that name."""

    code = "sync.not_in_backup"
    remedy = "Write the path as it was then, folder by folder, capital letters too; or try an older backup."


class HeldFileDamagedError(ContentDamagedError):
    """The backup holds this file in a form that does not open."""

    code = "sync.held_file_damaged"
    remedy = "Restore the file from another backup."


class RestoreUnknownError(NotFoundError):
    """There is no such restore of this account."""

    code = "sync.restore_unknown"
    remedy = "List the restores: they are forgotten after four weeks."


class TooManyRestoresError(ConflictError):
    """As many restores of this account are waiting as may be."""

    code = "sync.too_many_restores"
    remedy = "Wait until one of them is done."


class RestoreTargetGoneError(ConflictError):
    """What had come back was deleted while more was coming."""

    code = "sync.restore_target_gone"
    remedy = "Ask for the restore again if you want it after all."


class RestoreGivenUpError(ServiceError):
    """The restore was begun many times and came no further."""

    code = "sync.restore_given_up"
    status = 500
    remedy = "Ask for it again; what came back stays. If it ends like this again, write to support."


class InspectionUnknownError(NotFoundError):
    """There is no such inspection."""

    code = "sync.inspection_unknown"
    remedy = "Ask for an inspection first."


class InspectionNotOpenError(ConflictError):
    """This inspection waits for a second person, is approved already, or has ended."""

    code = "sync.inspection_not_open"
    remedy = "Read its state; ask for another one when it has ended."


class InspectionNotYoursError(ForbiddenError):
    """Only who asked for an inspection may look."""

    code = "sync.inspection_not_yours"
    remedy = "Ask for an inspection of your own."


class SamePersonError(ForbiddenError):
    """Who asked for an inspection cannot approve it."""

    code = "sync.same_person"
    remedy = "Let another person approve it."


class NotClientStateError(ForbiddenError):
    """Contents are shown to nobody but their owner; only the state files of sync clients are."""

    code = "sync.not_client_state"
    remedy = "Look at a file whose name ends in .client."


class CrowdedError(UnavailableError):
    """Too many changes of this account are waiting."""

    code = "sync.crowded"


class TurnLostError(UnavailableError):
    """The change was interrupted; whether it was made is not known."""

    code = "sync.turn_lost"
