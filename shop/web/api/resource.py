"""``ApiBlueprint``: what a file of the API hangs its resources on."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask_smorest import Blueprint

from shop.web.parsing import ShopParser

PREFIX = "/api/v1"

V = TypeVar("V")


class ApiBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest is not typed
    """A smorest blueprint under ``/api/v1`` that reads bodies strictly.

    Its endpoint names begin with ``api_``, so that a page blueprint may have the same name.
    """

    ARGUMENTS_PARSER = ShopParser()

    def __init__(self, name: str, import_name: str, **kwargs: Any) -> None:
        kwargs.setdefault("url_prefix", PREFIX)
        super().__init__(f"api_{name}", import_name, **kwargs)

    def route(self, rule: str, **options: Any) -> Callable[[V], V]:
        """smorest's decorator, with a type."""
        made: Callable[[V], V] = super().route(rule, **options)
        return made

    def get(self, rule: str, **options: Any) -> Callable[[V], V]:
        """A view that reads."""
        return self.route(rule, methods=["GET"], **options)

    def post(self, rule: str, **options: Any) -> Callable[[V], V]:
        """A view that acts."""
        return self.route(rule, methods=["POST"], **options)

    def put(self, rule: str, **options: Any) -> Callable[[V], V]:
        """A view that sets."""
        return self.route(rule, methods=["PUT"], **options)

    def patch(self, rule: str, **options: Any) -> Callable[[V], V]:
        """A view that changes."""
        return self.route(rule, methods=["PATCH"], **options)

    def delete(self, rule: str, **options: Any) -> Callable[[V], V]:
        """A view that removes."""
        return self.route(rule, methods=["DELETE"], **options)

    def arguments(self, schema: Any, **options: Any) -> Callable[[V], V]:
        """smorest's decorator, with a type; a schema is made once, not for each request."""
        schema = schema() if isinstance(schema, type) else schema
        made: Callable[[V], V] = super().arguments(schema, **options)
        return made

    def response(self, status: int, schema: Any = None, **options: Any) -> Callable[[V], V]:
        """smorest's decorator, with a type."""
        made: Callable[[V], V] = super().response(status, schema, **options)
        return made

    def alt_response(self, status: int, **options: Any) -> Callable[[V], V]:
        """smorest's decorator, with a type."""
        made: Callable[[V], V] = super().alt_response(status, **options)
        return made
