"""The pages: every module of this folder that has a ``bp`` hangs here; and what they share."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from flask import Blueprint, Flask, redirect, render_template, url_for
from flask import flash as _flash
from werkzeug.wrappers import Response

from shop.kernel.errors import DomainError
from shop.web.forms import Form, FormSchema
from shop.web.problems import kind_of

__all__ = ["Form", "FormSchema", "flash", "install", "render", "render_form", "see"]


def install(app: Flask) -> None:
    """Find the page modules and hang them on the app."""
    for blueprint in blueprints():
        app.register_blueprint(blueprint)


def blueprints() -> list[Blueprint]:
    """The ``bp`` of every module here, by the module's name."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return [module.bp for module in modules if hasattr(module, "bp")]


def render(template: str, **context: Any) -> str:
    """A page."""
    return render_template(template, **context)


def render_form(
    template: str, form: Form, error: DomainError | None = None, **context: Any
) -> tuple[str, int]:
    """The page of a form that was refused, with the status of the refusal."""
    status = 422
    if error is not None:
        form.blame(error)
        status = kind_of(error.code).status
    return render_template(template, form=form, **context), status


def see(endpoint: str, **values: Any) -> Response:
    """After a change: look there (303), so that a reload repeats nothing."""
    return redirect(url_for(endpoint, **values), code=303)


def flash(text: str, category: str = "done") -> None:
    """Say something on the next page; ``text`` is translated already."""
    _flash(text, category)
