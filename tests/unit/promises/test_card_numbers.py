"""C18: a card number is seen in whatever form it is stored; ordinary values are not mistaken for one."""

import base64
import secrets

import pytest

from shared.card_numbers import contains_card_number
from shared.ids import new_id, new_token

NUMBER = "4242424242424242"


@pytest.mark.parametrize(
    "value",
    [
        NUMBER,
        int(NUMBER),
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        f'{{"number": "{NUMBER}"}}',
        {"a": [{"b": f"card {NUMBER}."}]},
        NUMBER.encode(),
        base64.b64encode(NUMBER.encode()).decode(),
        base64.urlsafe_b64encode(b"card: " + NUMBER.encode() + b";").decode().rstrip("="),
        NUMBER.encode().hex(),
        {NUMBER: 1},
        "378282246310005",
        float(NUMBER),
        "4242\u00a04242\u00a04242\u00a04242",
        f"/path/to/{base64.b64encode(NUMBER.encode()).decode()}",
        f"a{NUMBER.encode().hex()}",
        [1, (2, [NUMBER])],
        "6011111111111117",
        "6759649826438453",
    ],
)
def test_C18_a_card_number_is_found(value: object) -> None:
    assert contains_card_number(value)


@pytest.mark.parametrize(
    "value",
    [
        "4242424242424241",
        1763812345678,
        "2026-11-22T12:00:00.000Z",
        "0" * 16,
        None,
        4.5,
        True,
        float("inf"),
        b"",
        "+49 30 1234567",
        "2027-01-04 12:00:00.000",
        "4111 1111 1111 1112",
        "550e8400-e29b-41d4-a716-446655440000",
        "1.2.840.113549.1.1.11",
        "x4242424242424242y",
    ],
)
def test_C18_other_values_are_not_card_numbers(value: object) -> None:
    assert not contains_card_number(value)


def test_C18_random_ids_tokens_and_sealed_bytes_are_not_card_numbers() -> None:
    values = [[new_id("acc"), new_token(), secrets.token_bytes(256), secrets.token_hex(32)] for _ in range(2_000)]
    assert not any(contains_card_number(value) for value in values)
