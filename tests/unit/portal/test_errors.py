"""What an API refuses is passed on as it was said."""

from services.portal.errors import ApiProblemError

PROBLEM = {
    "title": "The card was declined",
    "status": 402,
    "detail": "Ask your bank.",
    "code": "payments.card.declined",
    "remedy": "Use another card.",
    "fields": [{"field": "card_id", "code": "x", "message": "m"}],
}


def test_title_code_status_and_remedy_are_those_of_the_api() -> None:
    fault = ApiProblemError.from_problem(402, PROBLEM, retry_after=7)
    assert (fault.get_title(), fault.code, fault.status, fault.remedy) == (
        *("The card was declined", "payments.card.declined", 402, "Use another card."),
    )
    assert (fault.detail, fault.retry_after, fault.fields[0].field) == ("Ask your bank.", 7, "card_id")


def test_two_refusals_do_not_share_what_they_say() -> None:
    ApiProblemError.from_problem(402, PROBLEM)
    assert ApiProblemError.code == "portal.api.problem"


def test_a_refusal_without_a_problem_still_has_a_title_and_a_code() -> None:
    assert ApiProblemError.from_problem(404, {}).get_title() == "Not Found"
    assert ApiProblemError.from_problem(599, {}).code == "http.request.status_599"
