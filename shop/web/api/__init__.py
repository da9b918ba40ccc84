"""The JSON API: every module of this folder that has a ``bp`` is a resource of it."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from flask import Blueprint, Flask
from flask_smorest import Api

from shop.web import urls
from shop.web.api import gate
from shop.web.api.resource import ApiBlueprint

VERSION = "1.0.0"


class ShopApi(Api):  # type: ignore[misc]  # flask-smorest is not typed
    """smorest's handler would answer HTML pages in JSON; ours looks at the path."""

    def _register_error_handlers(self) -> None:
        pass


def install(app: Flask) -> None:
    """Find the resources and hang them on the app, with their part of the OpenAPI document."""
    app.config.update(API_TITLE="Village Live Shop", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0")
    gate.install(app)
    api = ShopApi(app)
    api.register_converter(urls.IdConverter, _id_schema)
    for name in ("slug", "number", "code", "sku"):
        api.register_converter(urls.CONVERTERS[name], _pattern_schema)
    for blueprint in blueprints():
        if isinstance(blueprint, ApiBlueprint):
            api.register_blueprint(blueprint)
        else:
            app.register_blueprint(blueprint)
    app.extensions["shop_api"] = api


def blueprints() -> list[Blueprint]:
    """The ``bp`` of every module here, by the module's name."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return [module.bp for module in modules if hasattr(module, "bp")]


def _id_schema(_converter: Any) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": urls.MAX_ID}


def _pattern_schema(converter: Any) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{converter.regex}$"}
