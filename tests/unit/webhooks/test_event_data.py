"""The fields of an event as a webhook has them."""

from shared.contracts import newsletter_v1
from shared.webhooks.service import build_event_data


def test_numbers_of_64_bits_are_numbers_and_a_zero_is_shown() -> None:
    sent = newsletter_v1.CampaignSent(campaign_id="cmp_1", list_id="lst_1", accepted_count=2**40)
    assert build_event_data(sent) == {"campaign_id": "cmp_1", "list_id": "lst_1", "accepted_count": 2**40}
    assert build_event_data(newsletter_v1.CampaignSent())["accepted_count"] == 0
