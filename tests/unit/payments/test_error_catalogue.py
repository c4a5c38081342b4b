"""Each refusal of the API of payments is in the catalogue of errors and in the API reference."""

import json
from pathlib import Path

import pytest

from services.payments import errors
from shared.errors import ServiceError
from shared.stack.error_codes import CATALOGUE_FILE

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "payments.md").read_text(encoding="utf-8")
CATALOGUE = {each["code"] for each in json.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", errors.__all__)
def test_a_refusal_has_a_code_of_its_own_in_the_catalogue_and_the_reference(name: str) -> None:
    fault: type[ServiceError] = getattr(errors, name)
    assert fault.code.startswith("payments.")
    assert fault.code in CATALOGUE
    assert f"`{fault.code}`" in REFERENCE
    same = [other for other in errors.__all__ if getattr(errors, other).code == fault.code]
    assert same == [name]
