"""The house keeps its floors: who commits, who asks the clock, how long a file may be."""

import ast
from pathlib import Path

import pytest

from tests.structure.code import ROOT, SHOP, called, modules, name, nodes

LONGEST = 300
CLOCKS = {"now", "utcnow", "today", "utc_now"}


def test_only_the_database_module_commits() -> None:
    found = {name(path) for path in modules() for node in nodes(path) if called(node) == "commit"}
    assert found == {"db.py"}


def test_transactions_begin_in_flows_and_nowhere_else() -> None:
    users = {
        name(path)
        for path in modules()
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom)
        and any(alias.name == "transactional" for alias in node.names)
    }
    assert {path for path in users if not path.startswith("flows/")} == set()


def test_now_is_an_argument_below_the_edges() -> None:
    found = {
        f"{name(path)}:{node.lineno}"
        for path in modules("domain", "flows", "reads", "kernel")
        for node in nodes(path)
        if called(node) in CLOCKS and name(path) != "kernel/clock.py"
    }
    assert {place for place in found if not place.startswith("domain/payments/gateways/")} == set()


def test_reads_never_write() -> None:
    verbs = {"add", "add_all", "delete", "insert", "update", "insert_into", "flush", "changed"}
    imported = {
        f"{name(path)}:{alias.name}"
        for path in modules("reads")
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith(("sqlalchemy", "shop.db"))
        for alias in node.names
        if alias.name in verbs
    }
    assert imported == set()


def test_nobody_emits_signals() -> None:
    found = {
        name(path)
        for path in modules()
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("blinker")
    }
    assert found == set()


@pytest.mark.parametrize("path", modules(), ids=name)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("path", modules(), ids=name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text()))
    assert said, "a module opens with one line saying what it is for"


def test_styles_and_scripts_stay_small() -> None:
    for folder, ending in (("css", "*.css"), ("js", "*.js")):
        for path in (SHOP / "static").rglob(ending):
            assert path.stat().st_size <= 30 * 1024, f"{folder}: {path.name}"


def test_the_tree_names_no_machine() -> None:
    """Nothing tells where it was written: no absolute home, no work folder."""
    homes = ("/home/", "/Users/", "/" + "root/", "/" + "work/")
    found = [
        f"{path.relative_to(ROOT)}: {home}"
        for folder in ("shop", "templates", "migrations", "scripts", "deploy", "bench")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in {".py", ".html", ".sh", ".md", ".conf", ".js", ".css"}
        for home in homes
        if home in path.read_text(errors="replace")
    ]
    assert found == []
