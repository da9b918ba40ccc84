"""Finding the code behind an endpoint, to read what it says about itself."""

from typing import Any

from flask import Flask


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
