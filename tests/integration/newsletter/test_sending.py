"""Campaigns, over HTTP, the real database, broker and SMTP (C10)."""


from tests.integration.newsletter.people import Readers, address
from tests.support.neighbours import Neighbours


async def test_C10_one_click_ends_it_for_the_very_next_campaign(readers: Readers, around: Neighbours) -> None:
    list_id, ada = await readers.a_list(), address()
    assert (await readers.ask(list_id, ada)).status == 202
    assert (await readers.campaign(list_id, "Too early"))["accepted"] == 0
    await readers.join(await readers.a_list(), address())
    subscription = await readers.join(list_id, ada)
    assert subscription
