"""Fails when the migrations do not make what the models say, on a new SQLite database."""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


def main() -> None:
    from flask_migrate import check, upgrade

    from shop.app import create_app
    from shop.config import Settings

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_env({"SHOP_ENV": "test", "SHOP_DATA_DIR": folder})
        with create_app(settings).app_context():
            upgrade()
            check()


if __name__ == "__main__":
    main()
