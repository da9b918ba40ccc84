"""How the shop meets HTTP."""

from flask import Flask

from shop.config import Settings
from shop.web import (
    admission,
    answers,
    api,
    errors,
    etag,
    filters,
    gathering,
    i18n,
    idempotency,
    lagging,
    limits,
    live_stream,
    live_ticker,
    logs,
    microcache,
    ops,
    pages,
    security,
    urls,
    who,
)


def install(app: Flask, *, settings: Settings) -> None:
    """Hang every guard and blueprint on the app.

    Guards run in this order; what they add to an answer, in the opposite one.
    """
    answers.install(app)
    urls.install(app)
    errors.install(app)
    logs.install(app)
    ops.install(app, settings)
    admission.install(app, settings)
    security.install(app, settings)
    i18n.install(app)
    who.install(app)
    limits.install(app, settings)
    api.install(app)
    etag.install(app)
    idempotency.install(app)
    filters.install(app, settings)
    gathering.install(app, settings)
    pages.install(app)
    live_stream.install(app)
    live_ticker.install(app)
    lagging.install(app, settings)
    microcache.install(app)
