"""Charges through the edge beside the bare simulator, and a hundred posts with one key."""

import asyncio
from collections import Counter
from statistics import median, quantiles

from services.payments.domain import Money
from services.payments.ports import SimulatedProcessor
from services.payments.ports.processor import PaymentOrder
from services.payments.ports.simulator import SimulatorBooks
from shared.clock import monotonic
from shared.ids import new_id
from tests.bench.edge import running_stack
from tests.bench.figure import Area, Bench, Figure, Goal
from tests.demo.steps import cards
from tests.demo.world import World, open_world

AREA = Area("charges")

ORDERS, POSTS = 90, 100
"""A customer may pay 120 times an hour."""


@AREA.measures
async def charges(bench: Bench) -> list[Figure]:
    """Pay 90 times through the edge one after the other, then post one order 100 times at once."""
    folder = bench.folder / "charges"
    async with running_stack(folder) as stack, open_world(stack.home.root, bench.folder) as world:
        world.ada = await world.log_in(world.customer)
        world.ada.account_id = (await world.call("GET", "/v1/identity/me", by=world.ada))["account_id"]
        await cards.card.act(world)
        ours = [await _seconds_of_charge(world, 100 + number) for number in range(ORDERS)]
        effects, answers = await _post_at_once(world)
    bare = await _bare_simulator(SimulatorBooks(bench.folder / "bare-simulator.db"))
    note = "the simulator called directly, with its books in a file"
    figures = [
        Figure(name=f"charge through the edge, {name}", ours=of(ours), reference=of(bare), unit="ms", note=note)
        for name, of in (("p50", _p50), ("p99", _p99))
    ]
    one = Goal("1 effect", lambda figure: figure.ours == 1)
    note = ", ".join(f"{count} × {status}" for status, count in sorted(answers.items()))
    return [
        *figures,
        Figure(
            name=f"effects of {POSTS} posts with one key", ours=effects, reference=None, unit="", goal=one, note=note
        ),
    ]


async def _seconds_of_charge(world: World, amount: int) -> float:
    order = {"card_id": world.notes["card_id"], "amount": amount, "currency": "USD", "description": "bench"}
    began = monotonic()
    await world.call("POST", "/v1/payments/charges", by=world.ada, json_body=order, once=True, expected=201)
    return monotonic() - began


async def _post_at_once(world: World) -> tuple[int, Counter[int]]:
    """Return how many charges a hundred posts with one key have made, and the statuses of the answers."""
    amount = 77_777
    order = {"card_id": world.notes["card_id"], "amount": amount, "currency": "USD", "description": "bench"}
    headers = {"Authorization": f"Bearer {world.ada.token}", "Idempotency-Key": new_id("key")}
    answers = Counter[int]()

    async def post() -> None:
        url = f"{world.base_url}/v1/payments/charges"
        async with world.http.post(url, json=order, headers=headers) as answer:
            await answer.read()
            answers[answer.status] += 1

    await asyncio.gather(*(post() for _ in range(POSTS)))
    page = await world.call("GET", "/v1/payments/charges?limit=100", by=world.ada)
    return sum(charge["amount"] == amount for charge in page["items"]), answers


async def _bare_simulator(books: SimulatorBooks) -> list[float]:
    processor, seconds = SimulatedProcessor(books), []
    for number in range(ORDERS):
        order = PaymentOrder(
            reference=f"sim_approved_{'0' * 26}",
            price=Money(amount=100 + number, currency="USD"),
            charge_id=new_id("chg"),
            is_capture_automatic=True,
        )
        began = monotonic()
        await processor.authorize(order, key=new_id("att"))
        seconds.append(monotonic() - began)
    await books.close()
    return seconds


def _p50(seconds: list[float]) -> float:
    return median(seconds) * 1000


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100, method="inclusive")[98] * 1000
