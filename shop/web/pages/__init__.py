"""The pages: every module of this folder that has a ``bp`` hangs here; and what they share."""

from typing import Any

from flask import Flask, redirect, render_template, url_for
from flask import flash as _flash
from werkzeug.wrappers import Response

from shop.kernel.errors import DomainError
from shop.web.forms import Form, FormSchema
from shop.web.problems import kind_of
from shop.web.views import blueprints

__all__ = ["Form", "FormSchema", "flash", "install", "render", "render_form", "see"]


def install(app: Flask) -> None:
    """Find the page modules and hang them on the app."""
    for blueprint in blueprints(__name__, __path__):
        app.register_blueprint(blueprint)


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
