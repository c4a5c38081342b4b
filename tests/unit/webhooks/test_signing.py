"""Signatures that every library of Standard Webhooks verifies."""

from datetime import UTC, datetime

from shared.webhooks.signing import build_headers, new_secret

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = datetime.fromtimestamp(1614265330, UTC)


def test_the_signature_is_that_of_the_specification() -> None:
    headers = build_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', [SECRET], at=AT)
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_old_secret_signs_beside_the_new_one_while_it_is_replaced() -> None:
    both = build_headers("msg_1", b"x", [new_secret(), SECRET], at=AT)["webhook-signature"].split()
    assert both[1] == build_headers("msg_1", b"x", [SECRET], at=AT)["webhook-signature"]
    assert both[0] != both[1]


def test_a_secret_is_long_and_new_each_time() -> None:
    assert len({new_secret() for _ in range(20)}) == 20
    assert all(secret.startswith("whsec_") and len(secret) == 50 for secret in (new_secret(), new_secret()))
