"""The portable forms: what a service may use, by name, and that this server answers each as MongoDB does.

Run with MONGO_URL naming a real mongod, the same answers are expected.
"""

from typing import Any, ClassVar

import pytest

from shared.mongo import Collection, Database, Document, EmbeddedValue, UnsupportedQueryError

Raw = dict[str, Any]


class Line(EmbeddedValue):
    sku: str
    count: int


class Order(Document):
    collection: ClassVar[str] = "orders"

    buyer: str
    total: int = 0
    lines: tuple[Line, ...] = ()
    tags: tuple[str, ...] = ()
    note: str | None = None


class Buyer(Document):
    collection: ClassVar[str] = "buyers"

    town: str


ORDERS = [
    Order(id="o1", buyer="b1", total=10, lines=(Line(sku="x", count=1), Line(sku="y", count=2)), tags=("red", "big")),
    Order(id="o2", buyer="b1", total=20, lines=(Line(sku="x", count=3),), tags=("red",), note="soon"),
    Order(id="o3", buyer="b2", total=30),
]


@pytest.fixture
async def orders(database: Database) -> Collection[Order]:
    await database.ensure_collections([Order, Buyer])
    await database.get_collection(Order).insert_many(ORDERS)
    await database.get_collection(Buyer).insert_many([Buyer(id="b1", town="Ely"), Buyer(id="b2", town="Bath")])
    return database.get_collection(Order)


_BY_ID: Raw = {"$sort": {"_id": 1}}
_JOINED: Raw = {"from": "buyers", "localField": "buyer", "foreignField": "_id", "as": "found"}

PIPELINES: dict[str, tuple[list[Raw], list[Raw]]] = {
    "match, then group with a sum": (
        [{"$match": {"total": {"$gte": 10}}}, {"$group": {"_id": "$buyer", "sum": {"$sum": "$total"}}}, _BY_ID],
        [{"_id": "b1", "sum": 30}, {"_id": "b2", "sum": 30}],
    ),
    "group with a count": (
        [{"$group": {"_id": "$buyer", "n": {"$sum": 1}}}, _BY_ID],
        [{"_id": "b1", "n": 2}, {"_id": "b2", "n": 1}],
    ),
    "unwind in place of a path through an array": (
        [{"$unwind": "$lines"}, {"$group": {"_id": "$lines.sku", "n": {"$sum": "$lines.count"}}}, _BY_ID],
        [{"_id": "x", "n": 4}, {"_id": "y", "n": 2}],
    ),
    "map in place of a path through an array": (
        [
            {"$match": {"_id": "o1"}},
            {"$project": {"skus": {"$map": {"input": "$lines", "as": "line", "in": "$$line.sku"}}}},
        ],
        [{"_id": "o1", "skus": ["x", "y"]}],
    ),
    "lookup by a plain field, then unwind": (
        [
            {"$lookup": _JOINED},
            {"$unwind": "$found"},
            {"$group": {"_id": "$found.town", "sum": {"$sum": "$total"}}},
            _BY_ID,
        ],
        [{"_id": "Bath", "sum": 30}, {"_id": "Ely", "sum": 30}],
    ),
    "group with a sum in place of count inside a lookup": (
        [
            {"$match": {"_id": "o1"}},
            {
                "$lookup": {
                    "from": "orders",
                    "let": {"whose": "$buyer"},
                    "pipeline": [
                        {"$match": {"$expr": {"$eq": ["$buyer", "$$whose"]}}},
                        {"$group": {"_id": None, "n": {"$sum": 1}}},
                    ],
                    "as": "all",
                }
            },
            {"$project": {"all": 1}},
        ],
        [{"_id": "o1", "all": [{"_id": None, "n": 2}]}],
    ),
    "sort, skip and limit by a plain field": (
        [{"$sort": {"total": -1}}, {"$skip": 1}, {"$limit": 1}, {"$project": {"total": 1}}],
        [{"_id": "o2", "total": 20}],
    ),
}

FILTERS: dict[str, tuple[Raw, list[str]]] = {
    "equality through an array of values": ({"tags": "red"}, ["o1", "o2"]),
    "equality through an array of values embedded": ({"lines.sku": "x"}, ["o1", "o2"]),
    "elemMatch": ({"lines": {"$elemMatch": {"sku": "x", "count": {"$gt": 2}}}}, ["o2"]),
    "in and nin": ({"_id": {"$in": ["o1", "o3"]}, "buyer": {"$nin": ["b2"]}}, ["o1"]),
    "null means null": ({"note": None}, ["o1", "o3"]),
    "type and exists": ({"note": {"$type": "string", "$exists": True}}, ["o2"]),
    "or, and, not": ({"$or": [{"total": 10}, {"$and": [{"total": {"$not": {"$lt": 30}}}]}]}, ["o1", "o3"]),
    "range": ({"total": {"$gt": 10, "$lte": 30}}, ["o2", "o3"]),
    "prefix": ({"note": {"$regex": "^so"}}, ["o2"]),
    "size": ({"lines": {"$size": 0}}, ["o3"]),
}

CHANGES: dict[str, tuple[Raw, Raw]] = {
    "set and inc": ({"$set": {"note": "a"}, "$inc": {"total": 5}}, {"note": "a", "total": 15}),
    "push with each and slice": ({"$push": {"tags": {"$each": ["x"], "$slice": -2}}}, {"tags": ("big", "x")}),
    "addToSet": ({"$addToSet": {"tags": "red"}}, {"tags": ("red", "big")}),
    "pull from an array of values embedded": (
        {"$pull": {"lines": {"sku": "x"}}},
        {"lines": (Line(sku="y", count=2),)},
    ),
    "min and max": ({"$min": {"total": 3}}, {"total": 3}),
}


@pytest.mark.parametrize("name", PIPELINES)
async def test_portable_pipeline(orders: Collection[Order], name: str) -> None:
    pipeline, expected = PIPELINES[name]
    assert await orders.run_pipeline(pipeline) == expected


@pytest.mark.parametrize("name", FILTERS)
async def test_portable_filter(orders: Collection[Order], name: str) -> None:
    where, expected = FILTERS[name]
    assert [order.id for order in await orders.list(where, sort=["_id"])] == expected
    assert await orders.count_documents(where) == len(expected)


@pytest.mark.parametrize("name", CHANGES)
async def test_portable_change(orders: Collection[Order], name: str) -> None:
    change, expected = CHANGES[name]
    assert await orders.update_one({"_id": "o1", "total": 10}, change) == 1
    assert await orders.get("o1") == ORDERS[0].model_copy(update=expected)


async def test_a_claim_is_an_update_that_expects_what_was_read(orders: Collection[Order]) -> None:
    """In place of findOneAndUpdate, which scans on one server and refuses a positional $ on another."""
    claimed = [await orders.update_one({"_id": "o1", "note": None}, {"$set": {"note": who}}) for who in ("a", "b")]
    assert claimed == [1, 0]


async def test_an_unportable_form_is_refused_before_it_is_sent(orders: Collection[Order]) -> None:
    with pytest.raises(UnsupportedQueryError):
        await orders.run_pipeline([{"$project": {"skus": "$lines.sku"}}])
    with pytest.raises(UnsupportedQueryError):
        await orders.list({}, sort=["lines.sku"])
    with pytest.raises(UnsupportedQueryError):
        await orders.find_one({}, sort=["tags"])
