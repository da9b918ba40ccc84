"""FAULTS 20: a form that overwrites says which version it saw; of two editors one is told."""

import re
import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from shop.db import changed, db
from shop.domain.villages.models import Cooperative
from shop.flows import curating
from shop.kernel.errors import Stale
from tests.builders import (
    COUNTY,
    a_category,
    a_cooperative,
    a_farmer,
    a_manager,
    a_village,
    an_operator,
)
from tests.conftest import NOON, Race
from tests.pages.goods_reader import Reader

HALL = {"title": "秋收馆", "title_en": "Autumn", "kind": "season"}


def forms(home: Cooperative) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Who edits, the page with the form, where it goes, and what is typed."""
    farmer = a_farmer(home)
    kind = a_category(slug="fruit")
    curating.save_hall(
        actor=an_operator(), now=NOON, slug="autumn", values=HALL, products=[], new=True
    )
    place = {"name": "演示村", "name_en": "Demo", "region_code": COUNTY}
    seller = {
        "name": "演示合作社",
        "seller_kind": "cooperative",
        "licence_no": home.licence_no,
        "village": "demo-village",
        "address": "演示路 2 号",
        "contact": "0353-0000000",
    }
    household = {"name": "演示农户", "village": "demo-village"}
    words = {"name": "水果", "name_en": "Fruit"}
    kinds, farm = "/operator/halls/kinds", f"/coop/farmers/mine/{farmer.id}"
    villages, coop = "/operator/places/villages", "/operator/cooperatives/mine/edit"
    return [
        ("operator", f"{villages}/demo-village", f"{villages}/demo-village", place),
        ("operator", coop, coop, seller),
        ("manager", farm, farm, household),
        ("operator", "/operator/halls/autumn", "/operator/halls/autumn", HALL),
        ("operator", kinds, f"{kinds}/{kind}", words),
    ]


def test_every_form_that_overwrites_names_its_version(app: Flask, ctx: Flask) -> None:
    home = a_cooperative(slug="mine", village=a_village(slug="demo-village"))
    people = {"operator": Reader(app, an_operator()), "manager": Reader(app, a_manager(home))}
    for who, page, to, typed in forms(home):
        reader = people[who]
        found = re.search(r'name="version" value="(\d+)"', reader.get(page))
        assert found is not None, page
        missing = reader.send(page, typed, to)
        assert missing.status_code == 428, page
        first = reader.send(page, typed | {"version": found[1]}, to)
        assert first.status_code == 303, f"{page}: {first.get_data(as_text=True)[:900]}"
        late = reader.send(page, typed | {"version": found[1]}, to)
        assert late.status_code == 412, page
        assert "<main" in late.get_data(as_text=True), "a kind page, not a document"


def test_of_two_editors_at_once_one_is_told(ctx: Flask, race: Race) -> None:
    kind, actor = a_category(), an_operator()
    words = {
        "name": "水果",
        "name_en": "Fruit",
        "perishable": True,
        "certificate_required": False,
        "position": 1,
    }

    def save(_number: int) -> None:
        curating.save_category(actor=actor, slug=kind, values=words, expected_version=1)

    results = race(4, save)
    assert sorted(type(one).__name__ for one in results) == ["NoneType", *["Stale"] * 3]


def test_a_naive_twin_lets_both_overwrite(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    """Look first, write later; on SQLite writers take turns, so only PostgreSQL shows it."""
    if database_url.startswith("sqlite"):
        return
    kind, actor, gate = a_category(), an_operator(), threading.Barrier(2)

    def naive(model: Any, *which: Any, expected: int | None, **values: Any) -> None:
        seen = db.session.scalar(select(model.version).where(*which))
        gate.wait(10)
        if seen != expected:
            raise Stale()
        changed(update(model).where(*which).values(**values, version=seen + 1))

    monkeypatch.setattr(curating, "overwrite", naive)
    words = {"name": "水果", "name_en": "Demo goods", "position": 1}
    saved = race(
        2,
        lambda _: curating.save_category(actor=actor, slug=kind, values=words, expected_version=1),
    )
    assert saved == [None, None]
