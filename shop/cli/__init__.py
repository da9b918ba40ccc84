"""Commands for people and for cron."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def install(app: "Flask") -> None:
    """Hang every command on ``flask``; imported here, so that ``python -m shop`` starts light."""
    from flask_migrate import Migrate

    from shop.cli import demo, keeping, prepare, worker
    from shop.db import db

    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True)
    app.cli.add_command(prepare.prepare)
    app.cli.add_command(worker.worker)
    app.cli.add_command(demo.demo)
    app.cli.add_command(keeping.audit)
    app.cli.add_command(keeping.jobs)
    app.cli.add_command(keeping.operator)
