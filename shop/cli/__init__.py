"""Commands for people and for cron."""

from pathlib import Path

from flask import Flask
from flask_migrate import Migrate

from shop.cli import demo, keeping, up, worker
from shop.db import db

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def install(app: Flask) -> None:
    """Hang every command on ``flask``."""
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True)
    app.cli.add_command(up.up)
    app.cli.add_command(worker.worker)
    app.cli.add_command(demo.demo)
    app.cli.add_command(keeping.audit)
    app.cli.add_command(keeping.jobs)
    app.cli.add_command(keeping.operator)
