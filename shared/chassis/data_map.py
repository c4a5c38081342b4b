"""The record of processing of a service as a public page, made of the declarations on its models (C01)."""

from collections.abc import Sequence

from aiohttp import web

from shared.mongo import Document, build_data_map
from shared.web import PUBLIC, RequestContext, Route, View, get


class FieldView(View):
    """One personal field that is stored: what it is, what for, how long."""

    field: str
    category: str
    purposes: list[str]
    retention: str


class CollectionView(View):
    """One collection and the personal fields in it; *subject* is the field that says whose they are."""

    collection: str
    subject: str | None
    fields: list[FieldView]


class DataMapView(View):
    """The record of processing of one service."""

    service: str
    collections: list[CollectionView]


def build_data_map_route(service: str, documents: Sequence[type[Document]]) -> Route:
    """Return the route that shows what *service* stores in *documents*."""
    view = DataMapView.model_validate({"service": service, "collections": build_data_map(documents)})
    body = view.model_dump_json().encode()  # the same as long as the process lives

    async def get_data_map(_call: RequestContext) -> web.Response:
        """Read what personal data this service stores, for which purposes, for how long."""
        return web.Response(body=body, content_type="application/json")

    return get(f"/v1/{service}/data-map", get_data_map, access=PUBLIC, replies=DataMapView)
