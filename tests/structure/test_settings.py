"""Every setting is described, and every description is of a setting."""

import re
from contextlib import suppress

import pytest

from shop.config import Settings, UnsafeSettings
from tests.structure.code import ROOT

OUTSIDE = {"HOST", "PORT", "WEB_CONCURRENCY"}
"""Read by ``python -m shop`` and gunicorn rather than by the application."""


def described() -> set[str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {found[1] for line in lines if (found := re.match(r"#?([A-Z][A-Z0-9_]*)=", line))}


class Recorder(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(SHOP_ENV="production")
        self.asked: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.asked.add(key)
        return super().get(key, default)


def test_the_example_lists_exactly_what_is_read() -> None:
    env = Recorder()
    with suppress(UnsafeSettings):
        Settings.from_env(env)
    assert described() - OUTSIDE == env.asked - OUTSIDE


def test_an_unsafe_production_names_everything_at_once() -> None:
    with pytest.raises(UnsafeSettings) as refusal:
        Settings.from_env(
            {"SHOP_ENV": "production", "SHOP_LIMITS": "off", "SHOP_DB_POOL_SIZE": "x"}
        )
    said = str(refusal.value)
    for word in (
        "SHOP_SECRET_KEY",
        "SHOP_BASE_URL",
        "SHOP_LIMITS",
        "SHOP_DB_POOL_SIZE",
        "SHOP_ALLOW_SQLITE",
        "SHOP_ALLOW_SANDBOX",
        "SHOP_SMS_URL",
        "SHOP_OPERATOR_LICENCE",
        "SHOP_ICP_NUMBER",
        "SHOP_COMPLAINT_PHONE",
    ):
        assert word in said


def test_a_secret_is_made_once_and_kept(tmp_path: object) -> None:
    env = {"SHOP_DATA_DIR": str(tmp_path)}
    first = Settings.from_env(env).secret_key
    assert len(first) >= 32
    assert Settings.from_env(env).secret_key == first
