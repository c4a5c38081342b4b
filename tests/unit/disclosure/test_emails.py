"""The notice to an affected account (C16)."""

import pytest

from services.disclosure.domain import Case, CaseState, Ground
from services.disclosure.emails import build_case_notice
from shared.mail import EmailAddress
from tests.support import NOON


@pytest.mark.parametrize("ground", Ground)
def test_C16_the_notice_names_recipient_reference_case_and_every_field(ground: Ground) -> None:
    case = Case(
        case_id="dis_1",
        ground=ground,
        requester="Superior Court, King County",
        reference="26-2-01234-5",
        fields=("identity.accounts.email", "sync.nodes.name"),
        state=CaseState.NOTIFYING,
        affected_count=1,
        opened_by="acc_1",
        opened_at=NOON,
        approved_by="acc_2",
        approved_at=NOON,
    )
    notice = build_case_notice(case, EmailAddress("ada@customers.example"), "https://candor.example")
    for expected in (case.requester, case.reference, case.case_id, *case.fields, "/account/access-ledger"):
        assert expected in notice.text
    assert case.requester not in notice.subject
