"""The JSON API: every module of this folder that has a ``bp`` is a resource of it."""

from typing import Any

import marshmallow as ma
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from flask_smorest import Api

from shop.web import urls
from shop.web.api import gate
from shop.web.api.resource import ApiBlueprint
from shop.web.views import blueprints

VERSION = "1.0.0"


class ShopApi(Api):  # type: ignore[misc]  # flask-smorest is not typed
    """smorest without its error handler, and with a document that is made when it is asked for."""

    def _register_error_handlers(self) -> None:
        """Ours look at the path; smorest's would answer HTML pages in JSON."""

    def register_blueprint(self, blueprint: ApiBlueprint) -> None:
        """Hang a resource on the app."""
        self._app.register_blueprint(blueprint)
        self._app.extensions.setdefault("shop_resources", []).append(blueprint)

    def describe(self) -> dict[str, Any]:
        """The OpenAPI document of every resource."""
        for blueprint in self._app.extensions.get("shop_resources", ()):
            blueprint.register_views_in_doc(
                self, self._app, self.spec, name=blueprint.name, parameters=None
            )
            self.spec.tag({"name": blueprint.name, "description": blueprint.description})
        found: dict[str, Any] = self.spec.to_dict()
        return found


class SchemaNames:
    """Names of schemas in the document; a second class of one name is told by its module."""

    def __init__(self) -> None:
        self._owners: dict[str, type[ma.Schema]] = {}

    def __call__(self, schema: ma.Schema | type[ma.Schema]) -> str:
        kind = schema if isinstance(schema, type) else type(schema)
        name = kind.__name__.removesuffix("Schema")
        if self._owners.setdefault(name, kind) is not kind:
            name = kind.__module__.rpartition(".")[2].title().replace("_", "") + name
        partial = isinstance(schema, ma.Schema) and bool(schema.partial)
        return f"Partial{name}" if partial else name


def install(app: Flask) -> None:
    """Find the resources and hang them on the app, with their part of the OpenAPI document."""
    app.config.update(API_TITLE="Village Live Shop", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0")
    gate.install(app)
    plugin = MarshmallowPlugin(schema_name_resolver=SchemaNames())
    api = ShopApi(app, spec_kwargs={"marshmallow_plugin": plugin})
    api.register_converter(urls.IdConverter, _id_schema)
    for name in ("slug", "number", "code", "sku"):
        api.register_converter(urls.CONVERTERS[name], _pattern_schema)
    for blueprint in blueprints(__name__, __path__):
        if isinstance(blueprint, ApiBlueprint):
            api.register_blueprint(blueprint)
        else:
            app.register_blueprint(blueprint)
    app.extensions["shop_api"] = api


def _id_schema(_converter: Any) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": urls.MAX_ID}


def _pattern_schema(converter: Any) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{converter.regex}$"}
