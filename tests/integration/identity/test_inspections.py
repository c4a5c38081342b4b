"""The owner of a tree is told when the staff's inspection of it has ended (C12)."""

import pytest

from shared.contracts import sync_v1
from tests.integration.identity.harness import IdentityHarness


def ended(account_id: str, looks: int, house: IdentityHarness) -> sync_v1.InspectionEnded:
    fact = sync_v1.InspectionEnded(inspection_id="ins_1", account_id=account_id, access_count=looks)
    fact.ended_at.FromDatetime(house.clock())
    return fact


@pytest.mark.parametrize(("looks", "told"), [(0, "did not look"), (1, "once"), (3, "3 times")])
async def test_C12_the_owner_is_told_by_mail_how_often_staff_has_looked(
    identity: IdentityHarness, looks: int, told: str
) -> None:
    ada = await identity.member()
    await identity.record_events(ended(ada.account_id, looks, identity), of="sync")
    letter = (await identity.emails_to(ada.email))[-1]
    assert letter.kind == "identity.inspection_ended"
    assert told in letter.text
    assert "/account/access-ledger" in letter.text
    assert "ins_1" in letter.text


async def test_C12_nobody_is_written_to_whose_account_is_gone(identity: IdentityHarness) -> None:
    ada = await identity.member()
    before = len(await identity.emails_to(ada.email))
    await identity.record_events(ended("acc_gone", 1, identity), of="sync")
    assert len(await identity.emails_to(ada.email)) == before
