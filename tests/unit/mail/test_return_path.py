"""Return addresses: only the service that sent an email could have made its address (N-06)."""

from datetime import timedelta

import pytest

from shared.ids import new_id
from shared.mail import ReturnPath, ReturnPathSigner, ReturnPathVerifier, derive_return_path_key
from shared.mail.return_path import RETURN_PATH_TTL
from shared.settings import Secret, SettingError
from tests.support import NOON

MASTER = "m" * 32
SERVICES = ("identity", "newsletter", "disclosure")
VERIFIER = ReturnPathVerifier.from_masters(Secret(MASTER), SERVICES)


def build_signer(service: str = "newsletter", master: str = MASTER) -> ReturnPathSigner:
    return ReturnPathSigner(domain="in.candor.example", key=Secret(derive_return_path_key(master, service)))


@pytest.mark.parametrize("service", SERVICES)
def test_an_address_names_the_service_and_the_mail_that_it_was_made_for(service: str) -> None:
    mail_id = new_id("mail")
    found = VERIFIER.verify(build_signer(service).build_address(mail_id, at=NOON))
    assert isinstance(found, ReturnPath)
    assert (found.service, found.mail_id) == (service, mail_id)


def test_a_local_part_has_at_most_64_octets_and_survives_a_change_of_letter_case() -> None:
    address = build_signer().build_address(new_id("mail"), at=NOON)
    local, _, domain = address.partition("@")
    assert len(local) <= 64
    assert domain == "in.candor.example"
    assert VERIFIER.verify(address.upper()) == VERIFIER.verify(address)


def test_n06_an_address_with_one_character_changed_is_no_address_of_ours() -> None:
    address = build_signer().build_address(new_id("mail"), at=NOON)
    local = address.partition("@")[0]
    for place in range(len("bounce+"), len(local)):
        other = "0" if local[place] != "0" else "1"
        assert VERIFIER.verify(f"{local[:place]}{other}{local[place + 1 :]}@in.candor.example") is None


@pytest.mark.parametrize("text", ["", "@", "bounce@in.candor.example", "bounce+@in.candor.example", "bounce+ä@x", "\0"])
def test_an_address_without_a_token_is_no_address_of_ours(text: str) -> None:
    assert VERIFIER.verify(text) is None


def test_the_key_of_one_service_makes_no_address_of_another() -> None:
    stolen = derive_return_path_key(MASTER, "identity")
    address = ReturnPathSigner(domain="in.candor.example", key=Secret(stolen)).build_address(new_id("mail"), at=NOON)
    found = VERIFIER.verify(address)
    assert found is not None
    assert found.service == "identity"


def test_an_address_lives_at_least_its_time_and_at_most_two_days_longer() -> None:
    found = VERIFIER.verify(build_signer().build_address(new_id("mail"), at=NOON))
    assert found is not None
    assert not found.is_expired(NOON + RETURN_PATH_TTL)
    assert found.is_expired(NOON + RETURN_PATH_TTL + timedelta(days=2))


def test_a_retry_has_the_same_address() -> None:
    mail_id = new_id("mail")
    assert build_signer().build_address(mail_id, at=NOON) == build_signer().build_address(mail_id, at=NOON)


def test_during_a_rotation_addresses_of_both_masters_are_genuine() -> None:
    rotating = ReturnPathVerifier.from_masters(Secret(f"{'n' * 32}, {MASTER}"), SERVICES)
    for master in (MASTER, "n" * 32):
        assert rotating.verify(build_signer(master=master).build_address(new_id("mail"), at=NOON)) is not None
    assert VERIFIER.verify(build_signer(master="n" * 32).build_address(new_id("mail"), at=NOON)) is None


def test_a_short_key_is_refused_by_name() -> None:
    with pytest.raises(SettingError, match="CANDOR_RETURN_PATH_KEY"):
        ReturnPathSigner.from_settings("in.candor.example", Secret("short"))
    with pytest.raises(SettingError, match="NEWSLETTER_RETURN_PATH_MASTER"):
        ReturnPathVerifier.from_masters(Secret("short"), SERVICES)


def test_without_a_domain_or_a_key_there_is_no_return_address() -> None:
    assert ReturnPathSigner.from_settings(None, Secret(MASTER)) is None
    assert ReturnPathSigner.from_settings("in.candor.example", None) is None


@pytest.mark.parametrize("mail_id", ["mail_short", "job_0123456789abcdefghjkmnpqrs", "mail_0123456789ABCDEFGHJKMNPQRS"])
def test_an_id_that_does_not_fit_is_refused(mail_id: str) -> None:
    with pytest.raises(ValueError, match="mail id"):
        build_signer().build_address(mail_id, at=NOON)
