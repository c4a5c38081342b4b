"""Whatever JSON is sent to whatever route, the answer is never a fault of ours, and a refusal is a whole problem."""

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.web import Route
from tests.security.conftest import Target

EXAMPLES = 25
AWAY = {"core.service.unavailable", "rpc.call.timeout", "auth.signing_keys.unavailable"}

ODD = (
    *("", " ", "\x00", "null", "true", "0", "-1", "1e309", "9" * 25, "../..", "$where", '{"$gt": ""}', "%00", "\u202e"),
    *("a" * 300, "é" * 50, "😀", "tok_00000000000000000000000000", "2027-01-04", "2027-W01", "ada@example.org", "a@b"),
)
odd_texts = st.sampled_from(ODD)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    odd_texts,
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | odd_texts, inner, max_size=3),
)


Schema = dict[str, Any]
Made = st.SearchStrategy[Any]


def good(schema: Schema, root: Schema) -> Made:
    """Make values that come near to what *schema* allows, so that some pass the door and try what is behind it."""
    if "$ref" in schema:
        return good(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "anyOf" in schema:
        return st.one_of([good(each, root) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    makers = {"object": _object, "array": _array, "integer": _integer, "string": _string}
    maker = makers.get(schema.get("type", ""))
    return maker(schema, root) if maker else scalars


def _object(schema: Schema, root: Schema) -> Made:
    if "properties" not in schema:
        extra = schema.get("additionalProperties")
        return st.dictionaries(odd_texts, good(extra, root) if isinstance(extra, dict) else values, max_size=3)
    needed = set(schema.get("required", ()))
    made = {name: good(each, root) for name, each in schema["properties"].items()}
    return st.fixed_dictionaries(
        {name: each for name, each in made.items() if name in needed},
        optional={name: each for name, each in made.items() if name not in needed},
    )


def _array(schema: Schema, root: Schema) -> Made:
    return st.lists(good(schema.get("items", {}), root), max_size=3)


def _integer(schema: Schema, _root: Schema) -> Made:
    return st.integers(schema.get("minimum", -(2**40)), schema.get("maximum", 2**40))


def _string(schema: Schema, _root: Schema) -> Made:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    return st.text(min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 30), 300)) | odd_texts


@st.composite
def bodies(draw: st.DrawFn, model: type[BaseModel]) -> Any:
    """Draw a body that is right, or right but for one field, or anything at all."""
    schema = model.model_json_schema()
    match draw(st.integers(0, 3)):
        case 0:
            return draw(values)
        case 1:
            return draw(good(schema, schema))
        case _:
            body = draw(good(schema, schema))
            body[draw(st.sampled_from([*schema["properties"], "more"]))] = draw(values)
            return body


async def test_no_json_makes_any_route_fail(target: Target) -> None:
    for route in target.with_input("body"):
        await fuzz(target, route)


async def fuzz(target: Target, route: Route) -> None:
    """Send some dozens of bodies to *route*."""
    drawn: list[Any] = []

    # Hypothesis does not await: it draws, and the requests follow.
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(bodies(route.inputs["body"]))
    def draw(body: Any) -> None:
        drawn.append(body)

    draw()
    for body in drawn:
        reply = await target.send(route, json=body, headers=target.headers(route))
        assert reply.status < 500 or (reply.status == 503 and reply.code in AWAY), f"{route.path} {body!r}: {reply}"
        if reply.status >= 400:
            assert reply.code
