"""The published shapes of Stripe's objects, read from its SDK, which is generated from Stripe's OpenAPI document.

The version of the document is ``stripe.api_version``. What the wrapper answers in Stripe's place is held to these
facts, and never to what our adapter happens to read.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import stripe

CLASSES: Mapping[str, type] = {
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "refund": stripe.Refund,
    "setup_intent": stripe.SetupIntent,
}
_KINDS: Mapping[str, type] = {"int": int, "str": str, "bool": bool}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a published object: whether it may be null or absent, its plain type, its values."""

    optional: bool
    kind: type | None
    values: frozenset[str]


def list_deviations(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield how an object, and the objects inside it, differ from what Stripe publishes."""
    if answer.get("deleted") or answer.get("object") not in CLASSES:
        return
    name = answer["object"]
    fields = published_fields(CLASSES[name])
    yield from (f"{name}.{field} is not published" for field in answer.keys() - fields.keys())
    for field, published in fields.items():
        value = answer.get(field)
        if value is None and not published.optional:
            yield f"{name}.{field} is missing"
        elif value is not None and published.kind and type(value) is not published.kind:
            yield f"{name}.{field} is no {published.kind.__name__}"
        elif isinstance(value, str) and published.values and value not in published.values:
            yield f"{name}.{field} is never {value!r}"
        elif isinstance(value, Mapping):
            yield from list_deviations(value)


@cache
def published_fields(kind: type) -> Mapping[str, Field]:
    """Return the fields of an object as the SDK declares them."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(kind)))  # type: ignore[arg-type] # every class of the SDK has a module
    [declared] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind.__name__]
    return {
        line.target.id: _read_field(line.annotation)
        for line in declared.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }


def _read_field(annotation: ast.expr) -> Field:
    text = ast.unparse(annotation)
    optional = text.startswith(("Optional[", "NotRequired[", "ClassVar["))
    plain = text.removeprefix("Optional[").removesuffix("]") if text.startswith("Optional[") else text
    values = {
        item.value
        for node in ast.walk(annotation)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"
        for item in (node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    }
    return Field(optional, _KINDS.get(plain), frozenset(values) if "List[" not in text else frozenset())
