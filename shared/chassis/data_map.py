"""The record of processing of a service as a public API, generated from its model declarations (C01)."""

from collections.abc import Sequence

from aiohttp import web

from shared.mongo import Document, build_data_map
from shared.web import PUBLIC, RequestContext, Route, View, get


class FieldView(View):
    """A stored personal field: its category, purposes and retention."""

    field: str
    category: str
    purposes: list[str]
    retention: str


class CollectionView(View):
    """A collection and its personal fields; *subject* is the field with the account id."""

    collection: str
    subject: str | None
    fields: list[FieldView]


class DataMapView(View):
    """The record of processing of one service."""

    service: str
    collections: list[CollectionView]


def build_data_map_route(service: str, documents: Sequence[type[Document]]) -> Route:
    """Return the route of the record of processing of *service*, with its *documents*."""
    view = DataMapView.model_validate({"service": service, "collections": build_data_map(documents)})
    body = view.model_dump_json().encode()  # constant while the process runs

    async def get_data_map(_call: RequestContext) -> web.Response:
        """Read which personal data this service stores, for which purposes, and for how long."""
        return web.Response(body=body, content_type="application/json")

    return get(f"/v1/{service}/data-map", get_data_map, access=PUBLIC, replies=DataMapView)
