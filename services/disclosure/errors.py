"""Every refusal that disclosure can give."""

from shared.errors import ConflictError, InvalidInputError, NotFoundError


class CaseNotFoundError(NotFoundError):
    """There is no such case."""

    code = "disclosure.case.not_found"


class NoAffectedAccountsError(InvalidInputError):
    """A case names at least one account, each once."""

    code = "disclosure.case.accounts_invalid"
    remedy = "Name the accounts whose data is to be disclosed."


class CaseNotOpenError(ConflictError):
    """The case was approved already."""

    code = "disclosure.case.not_open"
    remedy = "Read the case: it says who approved it and when."


class CommercialPurposeError(InvalidInputError):
    """There is no agreement for this purpose: data is never sold, bartered or rented."""

    code = "disclosure.agreement.purpose_not_allowed"
    remedy = "Give only purposes of the closed list that a partner's function needs."


class AgreementNotFoundError(NotFoundError):
    """There is no such agreement."""

    code = "disclosure.agreement.not_found"


class InvalidAgreementTermError(InvalidInputError):
    """An agreement ends in the future, and within three years."""

    code = "disclosure.agreement.term_invalid"
    remedy = "Give an end date within the next three years."


class PromiseNotFoundError(NotFoundError):
    """There is no such promise."""

    code = "disclosure.promise.not_found"
    remedy = "The ids are C01 to C31."
