"""Identity: log-ins against the bare hash, the lag of the loop, what a clock tells about addresses, token checks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import median, quantiles

from services.identity.service.authentication.password_hasher import Argon2Parameters, Argon2PasswordHasher
from services.identity.store import AccountDocument, Accounts, Credentials
from shared.clock import monotonic
from shared.ids import new_id
from shared.mail import EmailAddress
from shared.web import Principal, TokenVerifier
from tests.bench.figure import Area, Bench, Figure, Goal, ours_below, ratio_at_least
from tests.bench.parts import MANY, dropped, each, store_accounts
from tests.integration.identity.harness import IdentityHarness, build_settings, open_harness
from tests.support import FixedClock
from tests.support.fakes import NOON
from tests.support.http import PUBLIC_URL, KnownTrust

AREA = Area("identity")
ENUMERATION = Area("enumeration", former_name="identity")

SESSIONS = "/v1/identity/sessions"
PASSWORD, WRONG = "seven lanterns along the quiet shore", "not it, whatever it may be"
LOG_INS = 160
AT_ONCE = 20
SAMPLES = 300
TOKENS = 4_000


@asynccontextmanager
async def open_bench_service(bench: Bench, *, threads: int) -> AsyncIterator[IdentityHarness]:
    """Identity in this process with the real cost of Argon2id."""
    home = bench.folder / new_id("identity")
    home.mkdir()
    async with dropped(bench.mongo_url) as name:
        cheap = build_settings(home, mongo_url=bench.mongo_url, amqp_url=bench.amqp_url, database=name)
        cost = Argon2Parameters()
        settings = cheap.model_copy(
            update={
                "argon2_memory_kib": cost.memory_kib,
                "argon2_rounds": cost.rounds,
                "argon2_threads": threads,
                "argon2_queue_size": 40,
            }
        )
        async with open_harness(settings, FixedClock()) as opened:
            yield opened


async def members(identity: IdentityHarness, count: int) -> list[str]:
    """Store *count* accounts with one password; return their addresses."""
    accounts, credentials = Accounts(identity.chassis.db, identity.chassis.vault), Credentials(identity.chassis.db)
    passwords = Argon2PasswordHasher(threads=1, max_waiting=1, parameters=Argon2Parameters())
    secret = await passwords.hash_new(PASSWORD, address="ada@engines.example")
    passwords.close()
    found = [EmailAddress(f"member-{number}@customers.example").email for number in range(count)]
    for address in found:
        account_id = new_id("acc")
        await accounts.add(
            AccountDocument(
                id=account_id,
                username=new_id("u"),
                email=await accounts.seal(account_id, address),
                email_index=accounts.blind_index(EmailAddress(address)),
                state="active",
                roles=[],
                age_screened_at=NOON,
                verified_at=NOON,
                created_at=NOON,
            )
        )
        await credentials.add_password(new_id("crd"), account_id, secret, at=NOON)
    return found


@AREA.measures
async def log_ins(bench: Bench) -> list[Figure]:
    """160 log-ins of as many people with one thread that hashes, against the bare hash; again with 100,000 accounts."""
    async with open_bench_service(bench, threads=1) as identity:
        addresses = await members(identity, LOG_INS)
        rounds = [(await log_ins_per_second(identity, addresses), await hashes_per_second()) for _ in range(2)]
        await store_accounts(bench.mongo_url, identity.chassis.db.name, MANY)
        many = max([await log_ins_per_second(identity, addresses) for _ in range(2)])
    ours, bare = max(rounds, key=lambda pair: pair[0] / pair[1])
    note = "checks of the same hash on a pool of one thread, without HTTP or database; the better of two rounds"
    goal = ratio_at_least(0.85)
    return [
        Figure(name="log-ins, one hashing thread", ours=ours, reference=bare, unit="log-ins/s", goal=goal, note=note),
        Figure(
            name="log-ins, 100,000 accounts",
            ours=many,
            reference=max(speed for speed, _ in rounds),
            unit="log-ins/s",
            goal=ratio_at_least(0.9),
            note="the same with 160 accounts",
        ),
    ]


async def log_ins_per_second(identity: IdentityHarness, addresses: list[str]) -> float:
    """Return how many of *addresses* log in in a second, four at a time."""

    async def log_in(address: str) -> None:
        reply = await identity.call("POST", SESSIONS, {"email": address, "password": PASSWORD})
        assert reply.status == 201, reply

    began = monotonic()
    await each(addresses, log_in, at_once=4)
    return len(addresses) / (monotonic() - began)


async def hashes_per_second() -> float:
    """Return how many passwords a pool of one thread checks in a second."""
    passwords = Argon2PasswordHasher(threads=1, max_waiting=10, parameters=Argon2Parameters())
    stored = await passwords.rehash(PASSWORD)

    async def check(_: int) -> None:
        assert (await passwords.verify(PASSWORD, stored)).is_correct

    began = monotonic()
    await each(range(LOG_INS), check, at_once=4)
    passwords.close()
    return LOG_INS / (monotonic() - began)


@AREA.measures
async def lag(bench: Bench) -> list[Figure]:
    """How late the loop of the service is while 20 people log in at once, for as long as 200 log-ins take."""
    late: list[float] = []
    async with open_bench_service(bench, threads=2) as identity:
        addresses = await members(identity, 200)

        async def log_in(address: str) -> None:
            await identity.call("POST", SESSIONS, {"email": address, "password": PASSWORD})

        async def tick() -> None:
            while True:
                began = monotonic()
                await asyncio.sleep(0.005)
                late.append((monotonic() - began - 0.005) * 1_000)

        ticking = asyncio.create_task(tick())
        await each(addresses, log_in, at_once=AT_ONCE)
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
    p99 = quantiles(late, n=100)[98]
    note = f"p99 of {len(late)} looks; the clients run in the same loop"
    return [
        Figure(
            name="loop lag under 20 log-ins", ours=p99, reference=None, unit="ms", goal=ours_below(50, "ms"), note=note
        )
    ]


@ENUMERATION.measures
async def enumeration(bench: Bench) -> list[Figure]:
    """What the clock tells about an address: 300 known and 300 unknown ones, at sign-up, log-in, forgotten password."""
    async with open_bench_service(bench, threads=1) as identity:
        known = await members(identity, SAMPLES)
        unknown = [f"nobody-{number}@customers.example" for number in range(SAMPLES)]
        token = await identity.age_token()

        async def log_in(address: str) -> None:
            await expect(identity, SESSIONS, {"email": address, "password": WRONG}, 401)

        async def sign_up(address: str) -> None:
            body = {"age_token": token, "email": address, "password": PASSWORD}
            await expect(identity, "/v1/identity/accounts", body, 202)

        async def forget(address: str) -> None:
            await expect(identity, "/v1/identity/password-resets", {"email": address}, 202)

        async with identity.run_workers("send-password-resets"):
            return [
                await difference("log-in", log_in, known, unknown),
                await difference("forgotten password", forget, known, unknown),
                await difference("sign-up", sign_up, known, unknown),
            ]


async def expect(identity: IdentityHarness, path: str, body: object, status: int) -> None:
    """Send *body*; the answer is *status*."""
    reply = await identity.call("POST", path, body)
    assert reply.status == status, reply


async def difference(name: str, act: Callable[[str], Awaitable[None]], known: list[str], unknown: list[str]) -> Figure:
    """Return by how many milliseconds the medians of known and unknown addresses differ; they take turns."""
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number, pair in enumerate(zip(known, unknown, strict=True)):
        # The order changes from pair to pair: the first may find the machine in another state.
        for address in pair if number % 2 else reversed(pair):
            began = monotonic()
            await act(address)
            seconds[address == pair[0]].append(monotonic() - began)
    told = [median(seconds[is_known]) * 1_000 for is_known in (True, False)]
    note = f"medians {told[0]:.1f} ms known, {told[1]:.1f} ms unknown; {SAMPLES} samples each"
    return Figure(
        name=f"{name}: known or not",
        ours=abs(told[0] - told[1]),
        reference=None,
        unit="ms apart",
        goal=ours_below(5, "ms"),
        note=note,
    )


@AREA.measures
async def tokens(_: Bench) -> list[Figure]:
    """Check 4,000 tokens as every service does, each seen for the first time, then again."""
    trust = KnownTrust()
    verifier = TokenVerifier(trust=trust, issuer=PUBLIC_URL)
    made = [trust.token(Principal(kind="customer", id=f"acc_{n}", session=f"ses_{n}")) for n in range(TOKENS)]
    first, again = await checks_per_second(verifier, made), await checks_per_second(verifier, made)
    goal = Goal("ours >= 2000 checks/s", lambda figure: figure.ours >= 2_000)
    return [
        Figure(name="token checks, first sight", ours=first, reference=None, unit="checks/s", goal=goal),
        Figure(name="token checks, seen before", ours=again, reference=None, unit="checks/s", goal=goal),
    ]


async def checks_per_second(verifier: TokenVerifier, made: list[str]) -> float:
    """Return how many tokens are checked in a second; no database is asked."""
    began = monotonic()
    for token in made:
        await verifier.authenticate(token, NOON)
    return len(made) / (monotonic() - began)
