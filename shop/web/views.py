"""Finding views: the modules that hold them, and the code behind an endpoint."""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from flask import Blueprint, Flask


def view_at(app: Flask, endpoint: str, method: str) -> Any:
    """The function of an endpoint, or the method of its class; marks on it speak for the view."""
    view: Any = app.view_functions[endpoint]
    owner = getattr(view, "view_class", None)
    if owner is None:
        return view
    found = getattr(owner, method.lower(), None)
    if found is None and method == "HEAD":
        found = getattr(owner, "get", None)
    return found or owner


def blueprints(package: str, folder: Iterable[str]) -> list[Blueprint]:
    """The ``bp`` of every module of a folder, by the module's name."""
    names = sorted(module.name for module in iter_modules(folder))
    modules = [import_module(f"{package}.{name}") for name in names]
    return [module.bp for module in modules if hasattr(module, "bp")]
