"""The scenes of ``make chaos``: each is a test that breaks a part under load and states what must hold afterwards.

To add one, write the test (it may call ``record_property`` to put figures into the report) and list it here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """A fault, and the test that shows how the platform takes it."""

    name: str
    title: str
    test: str
    """Its pytest id."""


SCENES = (
    Scene(
        "broker-killed",
        "RabbitMQ is killed twice while 1,500 events are on their way",
        "tests/chaos/test_broker.py::test_no_fact_is_lost_nor_handled_twice_when_the_broker_is_killed",
    ),
    Scene(
        "broker-blocked",
        "RabbitMQ runs out of memory and blocks its publishers",
        "tests/chaos/test_broker.py::test_facts_wait_out_a_broker_that_blocks_and_come_once_afterwards",
    ),
    Scene(
        "consumer-killed",
        "A consumer is killed four times while it handles 600 events",
        "tests/chaos/test_service.py::test_a_killed_service_has_lost_nothing_and_does_nothing_twice",
    ),
    Scene(
        "campaign-killed",
        "Workers are killed a hundred times while a campaign goes to 10,000 recipients",
        "tests/chaos/test_campaign.py::test_a_hundred_kills_skip_nobody_and_repeat_only_what_lost_its_answer",
    ),
    Scene(
        "campaign-wrong-workers",
        "Two workers that record at the wrong time are found by the same judge",
        "tests/chaos/wrong_workers.py::test_a_worker_that_records_at_the_wrong_time_is_found",
    ),
    Scene(
        "database-killed",
        "MongoDB is killed while four clients commit",
        "tests/integration/mongo/test_outage.py::test_no_acknowledged_write_is_lost_and_work_goes_on_after_the_kill",
    ),
    Scene(
        "payments-killed",
        "Payments, MongoDB and RabbitMQ are killed seven times while 10,000 charges are made",
        "tests/chaos/test_payments.py::test_charges_are_made_once_whatever_is_killed",
    ),
    Scene(
        "release-killed",
        "Processes of the weekly job are killed at random while they release twelve weeks of statistics",
        "tests/chaos/test_releases.py::test_each_week_is_published_once_and_charged_once_whatever_is_killed",
    ),
    Scene(
        "platform-killed",
        "MongoDB and RabbitMQ of a whole platform are killed under the traffic of its users",
        "tests/e2e/test_faults.py::test_parts_killed_under_traffic_lose_nothing_that_was_accepted",
    ),
    Scene(
        "service-killed",
        "A service of a whole platform is killed",
        "tests/e2e/test_stack.py::test_a_service_that_is_killed_comes_back_by_itself",
    ),
)
