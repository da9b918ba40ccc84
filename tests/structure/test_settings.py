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


def test_no_comment_stands_behind_a_value_where_systemd_would_read_it() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    values = [line for line in lines if re.match(r"#?[A-Z][A-Z0-9_]*=", line)]
    assert [line for line in values if "#" in line.partition("=")[2] or " " in line] == []


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


SOUND = {
    "SHOP_ENV": "production",
    "SHOP_SECRET_KEY": "k" * 32,
    "SHOP_BASE_URL": "https://shop.example/",
    "DATABASE_URL": "postgresql://shop:pw@db.example/shop",
    "REDIS_URL": "redis://:pw@cache.example:6379/0",
    "SHOP_GATEWAYS": "sandbox",
    "SHOP_ALLOW_SANDBOX": "on",
    "SHOP_SANDBOX_SECRET": "s" * 32,
    "SHOP_MEDIA_ORIGINS": "https://cdn.example, https://films.example:8443",
    "SHOP_SMS_URL": "https://sms.example/send",
    "SHOP_OPERATOR_NAME": "演示",
    "SHOP_OPERATOR_LICENCE": "演示",
    "SHOP_ICP_NUMBER": "演示",
    "SHOP_COMPLAINT_PHONE": "演示",
}


def test_production_takes_what_is_sound_and_names_each_thing_that_is_not() -> None:
    sound = Settings.from_env(SOUND)
    assert sound.base_url == "https://shop.example"
    assert Settings.from_env(SOUND | {"DATABASE_URL": "postgres:///shop?host=/run/pg"}).production
    for name, wrong in {
        "SHOP_BASE_URL": (
            "https://", "https:///x", "shop.example", "https://shop.example/path",
            "https://shop.example?a=1", "https://shop.example#a", "https://u:p@shop.example",
            "https://shop.example:99999", "https://shop example", "http://shop.example",
            "https://127.0.0.1",
        ),
        "DATABASE_URL": (
            "mysql://db/shop", "postgresql+asyncpg://db/shop", "sqlite://", "sqlite:///:memory:",
            "nonsense", "postgresql://db:port/shop",
        ),
        "SHOP_REPLICA_URL": ("nonsense", "sqlite:///shop.db", "mysql://db/shop"),
        "REDIS_URL": ("nonsense", "http://cache.example", "redis://", "redis://cache:port/0"),
        "SHOP_SANDBOX_SECRET": ("", "short"),
        "SHOP_MEDIA_ORIGINS": (
            "https://cdn.example; script-src *", "https://cdn.example https://x.example", "*",
            "https:", "https://cdn.example/films", "'self'",
        ),
        "SHOP_SECRET_KEY": ("", "short"),
    }.items():  # fmt: skip
        for value in wrong:
            with pytest.raises(UnsafeSettings) as refusal:
                Settings.from_env(SOUND | {name: value})
            assert name in str(refusal.value), value


def test_a_secret_is_made_once_and_kept(tmp_path: object) -> None:
    env = {"SHOP_DATA_DIR": str(tmp_path)}
    first = Settings.from_env(env).secret_key
    assert len(first) >= 32
    assert Settings.from_env(env).secret_key == first


def test_outside_production_the_foot_of_a_page_says_that_it_is_a_demonstration(
    tmp_path: object,
) -> None:
    made = Settings.from_env({"SHOP_DATA_DIR": str(tmp_path)})
    named = (made.operator_name, made.operator_licence, made.icp_number, made.complaint_phone)
    assert all("演示" in words for words in named)
    example = (ROOT / ".env.example").read_text()
    assert all(f"# {words}\n" in example for words in named)
    given = {"SHOP_DATA_DIR": str(tmp_path), "SHOP_OPERATOR_NAME": "某县公司"}
    assert Settings.from_env(given).operator_name == "某县公司"
