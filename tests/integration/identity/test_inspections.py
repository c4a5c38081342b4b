"""The owner of a tree is told when the staff's inspection of it has ended (C12)."""

import pytest

from shared.contracts import sync_v1
from tests.integration.identity.house import House


def ended(account_id: str, looks: int, house: House) -> sync_v1.InspectionEnded:
    fact = sync_v1.InspectionEnded(inspection_id="ins_1", account_id=account_id, looks=looks)
    fact.ended_at.FromDatetime(house.clock())
    return fact


@pytest.mark.parametrize(("looks", "told"), [(0, "looked at nothing."), (1, "looked once."), (3, "looked 3 times.")])
async def test_C12_the_owner_is_told_by_mail_how_often_staff_has_looked(identity: House, looks: int, told: str) -> None:
    ada = await identity.member()
    await identity.hear(ended(ada.account_id, looks, identity), of="sync")
    letter = (await identity.letters_to(ada.email))[-1]
    assert letter.subject == "An inspection of your files has ended"
    assert told in letter.text
    assert "/account/seen" in letter.text
    assert "ins_1" in letter.text


async def test_C12_nobody_is_written_to_whose_account_is_gone(identity: House) -> None:
    ada = await identity.member()
    before = len(await identity.letters_to(ada.email))
    await identity.hear(ended("acc_gone", 1, identity), of="sync")
    assert len(await identity.letters_to(ada.email)) == before
