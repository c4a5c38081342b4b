"""The base class of stored documents, and their index declarations."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from shared.personal import personal_fields

RawDocument = dict[str, Any]
SortKey = str | tuple[str, int]
"""A field to index or sort by: ascending, or with its direction (1 or -1)."""


def index_keys(fields: Iterable[SortKey]) -> list[tuple[str, int]]:
    """Return *fields* with their directions spelled out."""
    return [(field, 1) if isinstance(field, str) else field for field in fields]


class Index:
    """An index on *fields*; *partial* is its filter, *expire_after* makes it a TTL index."""

    __slots__ = ("fields", "options")

    def __init__(
        self,
        *fields: SortKey,
        unique: bool = False,
        partial: Mapping[str, Any] | None = None,
        expire_after: timedelta | None = None,
    ) -> None:
        self.fields = index_keys(fields)
        self.options: RawDocument = {}
        if unique:
            self.options["unique"] = True
        if partial is not None:
            self.options["partialFilterExpression"] = dict(partial)
        if expire_after is not None:
            self.options["expireAfterSeconds"] = int(expire_after.total_seconds())

    @property
    def name(self) -> str:
        """The fields with their directions, as MongoDB itself would name it."""
        return "_".join(f"{field}_{direction}" for field, direction in self.fields)


def _require_aware_datetimes(schema: Any) -> Any:
    """Return the core *schema* with every datetime required to be timezone-aware."""
    if isinstance(schema, list):
        return [_require_aware_datetimes(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    walked = {key: part if key == "metadata" else _require_aware_datetimes(part) for key, part in schema.items()}
    return {**walked, "tz_constraint": "aware"} if schema.get("type") == "datetime" else walked


class EmbeddedValue(BaseModel):
    """A value inside a document: frozen, closed, without naive datetimes (BSON would silently treat them as UTC)."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema: CoreSchema = _require_aware_datetimes(handler(source))
        return schema

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Reject Personal on embedded values, where export, erasure, data map and sweeper would not find it."""
        if personal_fields(cls) and not issubclass(cls, Document):
            raise TypeError(f"{cls.__name__} is stored inside a document: declare Personal on the document's own field")


class Document(EmbeddedValue):
    """A document of one collection; MongoDB rejects fields that are not declared here."""

    # A generator, not Field(alias=…): a subclass may redeclare its id without losing the stored name.
    model_config = ConfigDict(alias_generator=lambda name: "_id" if name == "id" else name)

    collection: ClassVar[str]
    indexes: ClassVar[tuple[Index, ...]] = ()
    subject: ClassVar[str | None] = None
    """The stored field with the id of the account that the data belongs to."""

    id: str

    def to_mongo(self) -> RawDocument:
        """Return the document as it is stored."""
        return self.model_dump(by_alias=True)

    @classmethod
    def from_mongo(cls, raw: Mapping[str, Any]) -> Self:
        """Return the document that was stored as *raw*.

        Validation takes 2 µs, half of ``model_construct``, and restores tuples and enums. Undeclared fields are ignored
        rather than rejected: a newer release wrote them (rolling upgrade), or the probe of C01 reports them; a
        customer's request must not fail over them.
        """
        return cls.model_validate(raw, extra="ignore")


def retention_limits(document: type[Document]) -> dict[str, timedelta]:
    """Return the shortest declared retention of *document* by the time field that it counts from."""
    limits: dict[str, timedelta] = {}
    for mark in personal_fields(document).values():
        since, limit = mark.retention.since, mark.retention.limit
        if limit is None:
            continue
        if since not in document.model_fields:
            raise TypeError(f"{document.__name__} keeps a field for {limit} after {since!r}, which it does not have")
        limits[since] = min(limit, limits.get(since, limit))
    return limits
