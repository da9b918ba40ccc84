"""A shop under gevent with slow views, for the test of the deadline: prints its port."""

import sys
import time
from pathlib import Path

from gevent import monkey

monkey.patch_all()

from flask import request  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402
from sqlalchemy import text  # noqa: E402

from shop.app import create_app  # noqa: E402
from shop.db import db, transactional  # noqa: E402
from shop.flows import checkout  # noqa: E402
from shop.web.api.resource import ApiBlueprint  # noqa: E402
from shop.web.idempotency import key_required  # noqa: E402
from shop.web.ops import deadline  # noqa: E402
from shop.web.who import public  # noqa: E402
from tests.servers.databases import settings_for  # noqa: E402

bp = ApiBlueprint("slow", __name__, url_prefix="/api/v1/slow")


@bp.get("/sleep")
@public
@deadline(0.4)
@bp.response(200)
def sleep() -> dict[str, str]:
    """A partner that does not answer."""
    time.sleep(30)
    return {}


@bp.get("/database")
@public
@deadline(0.4)
@bp.response(200)
def database() -> dict[str, str]:
    """A database that does not answer."""
    slow = "SELECT pg_sleep(30)" if db.engine.dialect.name == "postgresql" else "SELECT 1"
    db.session.execute(text(slow))
    time.sleep(30)
    return {}


@transactional
def _write() -> None:
    db.session.execute(text("UPDATE users SET name = name"))
    time.sleep(30)


@bp.post("/write")
@public
@key_required
@deadline(0.4)
@bp.response(200)
def write() -> dict[str, str]:
    """A transaction that does not end."""
    _write()
    return {}


@bp.get("/patient")
@public
@deadline(None)
@bp.response(200)
def patient() -> dict[str, str]:
    """A long poll."""
    time.sleep(0.8)
    return {"waited": request.path}


def place_orders(*_args: object, **_named: object) -> None:
    """An order that does not get through."""
    time.sleep(30)


def main(url: str, folder: str) -> None:
    """Serve until the parent ends us."""
    app = create_app(settings_for(url, Path(folder)))
    checkout.place_orders = place_orders  # type: ignore[assignment]
    deadline(0.4)(app.view_functions["checkout.place"])
    app.extensions["shop_api"].register_blueprint(bp)
    server = WSGIServer(("127.0.0.1", 0), app, log=None)
    server.start()
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
