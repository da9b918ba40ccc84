"""``create_app``: the only module that knows every part."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from shop import cli, models, tools, web
from shop.config import Settings
from shop.db import REPLICA, db, give_back
from shop.engine import engine_options
from shop.kernel.clock import Clock, utc_now


class ShopApp(Flask):
    """Flask without a look for coroutines at every call: the shop has none."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Settings | None = None, *, clock: Clock = utc_now) -> Flask:
    """Build the shop from its settings; raises ``UnsafeSettings`` rather than start unsafe."""
    settings = settings or Settings.from_env()
    app = ShopApp("shop", template_folder="../templates", static_folder="static")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_options(settings, settings.database_url),
    )
    if url := settings.replica_url:
        app.config["SQLALCHEMY_BINDS"] = {REPLICA: {"url": url, **_options(settings, url)}}
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    models.known()
    db.init_app(app)
    app.teardown_appcontext(give_back)
    tools.install(app, settings=settings, clock=clock)
    web.install(app, settings=settings)
    cli.install(app)
    return app


def _options(settings: Settings, url: str) -> dict[str, Any]:
    return engine_options(url, pool_size=settings.db_pool_size, pgbouncer=settings.pgbouncer)
