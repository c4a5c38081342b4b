"""Every refusal that disclosure can give."""

from shared.errors import ConflictError, InvalidInputError, NotFoundError


class CaseNotFoundError(NotFoundError):
    """There is no such case."""

    code = "disclosure.case_not_found"


class NobodyAffectedError(InvalidInputError):
    """A case names at least one account, each once."""

    code = "disclosure.nobody_affected"
    remedy = "Name the accounts whose data is to be disclosed."


class SamePersonError(ConflictError):
    """Whoever opened a case cannot approve it."""

    code = "disclosure.same_person"
    remedy = "Ask a second person with the role disclosure or admin."


class NotOpenError(ConflictError):
    """The case was approved already."""

    code = "disclosure.not_open"
    remedy = "Read the case: it says who approved it and when."


class CommercialPurposeError(InvalidInputError):
    """There is no agreement for this purpose: data is never sold, bartered or rented."""

    code = "disclosure.purpose_not_allowed"
    remedy = "Give only purposes of the closed list that a partner's function needs."


class AgreementNotFoundError(NotFoundError):
    """There is no such agreement."""

    code = "disclosure.agreement_not_found"


class AgreementTermError(InvalidInputError):
    """An agreement ends in the future, and within three years."""

    code = "disclosure.agreement_term"
    remedy = "Give an end date within the next three years."


class PromiseNotFoundError(NotFoundError):
    """There is no such promise."""

    code = "disclosure.promise_not_found"
    remedy = "The ids are C01 to C31."
