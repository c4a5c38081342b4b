"""Personal data is declared with category, purposes and retention, and with nothing less."""

from datetime import timedelta
from typing import Annotated

import pytest
from pydantic import BaseModel, Field

from shared.personal import UNTIL_ERASED, Category, Personal, personal_fields, retain_for
from shared.policy import Purpose


def test_a_declaration_without_a_purpose_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one purpose"):
        Personal(Category.CONTACT, set(), UNTIL_ERASED)


def test_C06_a_field_allows_its_purposes_and_no_others() -> None:
    mark = Personal(Category.CONTACT, {Purpose.ACCOUNT, Purpose.SECURITY}, UNTIL_ERASED)
    assert {purpose for purpose in Purpose if mark.allows(purpose)} == {Purpose.ACCOUNT, Purpose.SECURITY}


def test_the_purposes_of_a_declaration_do_not_change_afterwards() -> None:
    purposes = {Purpose.ACCOUNT}
    mark = Personal(Category.CONTACT, purposes, UNTIL_ERASED)
    purposes.add(Purpose.STATISTICS)
    assert not mark.allows(Purpose.STATISTICS)
    assert mark == Personal(Category.CONTACT, [Purpose.ACCOUNT], UNTIL_ERASED)


def test_a_limit_is_in_days_from_a_named_time() -> None:
    assert retain_for(30).limit == timedelta(days=30)
    assert (retain_for(1).since, retain_for(1, since="closed_at").since) == ("created_at", "closed_at")
    assert UNTIL_ERASED.limit is None


def test_the_fields_of_a_model_are_named_as_they_are_stored() -> None:
    mark = Personal(Category.PSEUDONYM, {Purpose.ACCOUNT}, UNTIL_ERASED)

    class Row(BaseModel):
        id: Annotated[str, mark] = Field(alias="_id")
        plain: str
        email: Annotated[bytes | None, mark] = None

    assert personal_fields(Row) == {"_id": mark, "email": mark}
