"""Errors of disclosure."""

from shared.errors import ConflictError, InvalidInputError, NotFoundError


class CaseNotFoundError(NotFoundError):
    """Case not found."""

    code = "disclosure.case.not_found"


class NoAffectedAccountsError(InvalidInputError):
    """A case must name at least one account."""

    code = "disclosure.case.accounts_invalid"
    remedy = "List the accounts whose data is to be disclosed."


class CaseNotOpenError(ConflictError):
    """The case has been approved, refused or withdrawn."""

    code = "disclosure.case.not_open"
    remedy = "Read the case to see who decided it and when."


class PersonAffectedError(ConflictError):
    """Your own account is among the affected, so you can neither open nor decide this case."""

    code = "disclosure.case.person_affected"
    remedy = "Hand the case to a colleague whose account is not among the affected."


class CommercialPurposeError(InvalidInputError):
    """Agreements cannot allow this purpose: data is never sold, bartered or rented."""

    code = "disclosure.agreement.purpose_not_allowed"
    remedy = "Use only purposes from the closed list that the partner's function requires."


class AgreementNotFoundError(NotFoundError):
    """Agreement not found."""

    code = "disclosure.agreement.not_found"


class InvalidAgreementTermError(InvalidInputError):
    """The end date must be in the future and within three years."""

    code = "disclosure.agreement.term_invalid"
    remedy = "Choose an end date within the next three years."


class PromiseNotFoundError(NotFoundError):
    """Promise not found."""

    code = "disclosure.promise.not_found"
    remedy = "Use an id from C01 to C31."


class EntryNotFoundError(NotFoundError):
    """Ledger entry not found."""

    code = "disclosure.entry.not_found"


class EntryNotLoggedError(ConflictError):
    """The entry is newer than the last checkpoint of the log, so there is no proof of it yet."""

    code = "disclosure.entry.not_logged"
    remedy = "Ask again in a few seconds: a checkpoint has been requested."


class LogFileNotFoundError(NotFoundError):
    """The log has no such file."""

    code = "disclosure.log_file.not_found"
    remedy = "Read the checkpoint: its size says which tiles there are."
