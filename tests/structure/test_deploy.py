"""The files in ``deploy/`` say of each route what the application says of it."""

import re
from pathlib import Path

import pytest
from flask import Flask

from shop.config import Settings, UnsafeSettings
from shop.engine import DIRECT
from shop.web.ops import DEADLINE_S, deadline_of
from shop.web.security import ATTRIBUTE, JSON_BYTES, SAFE_METHODS
from shop.web.views import view_at
from tests.structure.code import ROOT
from tests.structure.test_settings import described

DEPLOY = ROOT / "deploy"
MARGIN_S = 2.0


class Location:
    """One ``location`` of nginx: how it matches, and what it sets."""

    def __init__(self, kind: str, pattern: str, body: str) -> None:
        self.kind, self.pattern, self.body = kind, pattern, body

    def value(self, name: str, default: str) -> str:
        found = re.search(rf"^\s*{name} (\S+);", self.body, re.MULTILINE)
        return found[1] if found else default


def nginx() -> str:
    return (DEPLOY / "nginx" / "shop.conf").read_text()


def locations() -> list[Location]:
    found = re.findall(r"^    location (~|=|) ?(\S+) \{\n(.*?)^    \}", nginx(), re.M | re.S)
    return [Location(*parts) for parts in found]


def of(path: str) -> Location:
    """The location that nginx takes: exact, then the first expression, then the longest start."""
    every = locations()
    for one in every:
        if one.kind == "=" and one.pattern == path:
            return one
    for one in every:
        if one.kind == "~" and re.search(one.pattern, path):
            return one
    starts = [one for one in every if one.kind == "" and path.startswith(one.pattern)]
    return max(starts, key=lambda one: len(one.pattern))


def sample(rule: str) -> str:
    """An address of a route: each of its parts by an example."""
    return re.sub(r"<[^>]*>", "word", re.sub(r"<id:\w+>", "17", rule))


def routes(app: Flask) -> list[tuple[str, object, str]]:
    return [
        (sample(rule.rule), view_at(app, rule.endpoint, method), method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if rule.endpoint != "static"
    ]


def in_bytes(text: str) -> int:
    return int(text.removesuffix("m")) * 1024 * 1024


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nginx_takes_bodies_as_large_as_the_application_does(app: Flask) -> None:
    wrong = [
        path
        for path, view, method in routes(app)
        if method not in SAFE_METHODS
        and in_bytes(of(path).value("client_max_body_size", "1m"))
        != getattr(view, ATTRIBUTE, JSON_BYTES)
    ]
    assert wrong == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nginx_waits_a_little_longer_than_the_application_does(app: Flask) -> None:
    usual = re.search(r"^    proxy_read_timeout (\S+);", nginx(), re.MULTILINE)
    assert usual is not None
    assert float(usual[1].removesuffix("s")) > DEADLINE_S + MARGIN_S
    for path, view, _method in routes(app):
        there, limit = of(path), deadline_of(view)
        if there.body.strip() == "return 404;":
            continue
        patience = float(there.value("proxy_read_timeout", usual[1]).removesuffix("s"))
        if limit is None:
            assert there.value("proxy_buffering", "on") == "off", path
        else:
            assert patience > limit + MARGIN_S, path


def test_the_roles_time_outs_are_those_of_a_direct_connection() -> None:
    said = (DEPLOY / "postgresql" / "roles.sql").read_text()
    for name, value in re.findall(r"-c (\w+)=(\w+)", DIRECT["options"]):
        written = value.replace("000", "s") if value.isdigit() else value
        assert f"ALTER ROLE shop SET {name} = '{written}';" in said


def environment(*names: str) -> dict[str, str]:
    lines = [line for name in names for line in (DEPLOY / "env" / name).read_text().splitlines()]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("names", [("shop.env", "web.env"), ("shop.env", "migrate.env")])
def test_the_environments_are_known_and_start_once_the_secrets_are_there(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    env = environment(*names)
    assert set(env) <= described()
    with pytest.raises(UnsafeSettings, match="SHOP_SECRET_KEY"):
        Settings.from_env(env)
    whole = {name: value.replace("CHANGE-ME", "c" * 40) for name, value in env.items()}
    made = Settings.from_env(whole)
    assert made.production
    assert made.pgbouncer
    assert made.trusted_proxies == 1


def test_systemd_reads_each_environment_as_it_is_meant() -> None:
    for path in (DEPLOY / "env").iterdir():
        for line in path.read_text().splitlines():
            assert line.startswith("#") or "#" not in line, f"{path.name}: {line}"
