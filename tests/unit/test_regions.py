"""GB/T 2260 codes: what an address may end in, and that the file is what its script builds."""

import hashlib
import importlib.util
import json
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from shop.domain.logistics import regions
from shop.domain.logistics.regions import UnknownRegion
from shop.kernel.errors import DomainError

TODAY = date(2026, 11, 1)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "build_regions", ROOT / "scripts" / "build_regions.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_county_is_told_with_its_city_and_province() -> None:
    assert regions.full_name("140311") == "山西省 阳泉市 郊区"
    assert regions.full_name("110105") == "北京市 朝阳区"
    assert regions.full_name("429004") == "湖北省 仙桃市"
    assert regions.full_name("140000") == "山西省"


def test_a_region_knows_its_place() -> None:
    found = regions.region("140311")
    assert (found.name, found.parent, found.level) == ("郊区", "140300", "county")
    assert found.valid_to is None


@pytest.mark.parametrize("code", ["", "1", "999999", "14031", "郊区", "140311 ", "440100000000"])
def test_an_unknown_code_is_refused(code: str) -> None:
    with pytest.raises(UnknownRegion) as refusal:
        regions.region(code)
    assert isinstance(refusal.value, DomainError)
    assert refusal.value.code == "validation-error"
    assert not regions.is_valid_on(code, TODAY)


def test_there_are_31_provinces_and_neither_hong_kong_macau_nor_taiwan() -> None:
    codes = {one.code for one in regions.children(None, on=TODAY)}
    assert len(codes) == 31
    assert codes.isdisjoint({"710000", "810000", "820000"})


def test_children_are_those_that_hold_on_the_day() -> None:
    hangzhou = {one.code: one.name for one in regions.children("330100", on=TODAY)}
    assert hangzhou["330114"] == "钱塘区"
    assert "330104" not in hangzhou
    before = {one.code for one in regions.children("330100", on=date(2018, 1, 1))}
    assert "330104" in before
    assert "330114" not in before


def test_children_of_an_unknown_code_are_refused_and_of_a_county_none() -> None:
    assert regions.children("140311", on=TODAY) == ()
    with pytest.raises(UnknownRegion):
        regions.children("999999", on=TODAY)


def test_a_code_ends_on_its_last_day() -> None:
    ended = regions.region("330104").valid_to
    assert ended is not None
    assert not regions.is_valid_on("330104", ended)
    assert regions.is_valid_on("330104", date(2020, 6, 1))
    assert not regions.is_valid_on("330114", date(2020, 6, 1))
    assert regions.is_valid_on("140311", TODAY)


@pytest.mark.parametrize(
    ("code", "ends_an_address"),
    [
        ("140311", True),
        ("429004", True),
        ("441900", True),
        ("442000", True),
        ("460400", True),
        ("620200", True),
        ("140300", False),
        ("460300", False),
        ("140000", False),
        ("110000", False),
    ],
)
def test_an_address_ends_in_a_county_or_a_city_without_counties(
    code: str, ends_an_address: bool
) -> None:
    assert regions.is_deliverable_level(code) is ends_an_address


def test_every_region_hangs_under_one_that_stands_above_it() -> None:
    above = {"city": {"province"}, "county": {"province", "city"}}
    rows = list(regions._regions().values())
    assert len(rows) > 3200
    for one in rows:
        assert len(one.code) == 6
        assert one.code.isdigit()
        assert one.name
        assert one.valid_to is None or one.valid_from < one.valid_to
        if one.parent is None:
            assert one.level == "province"
        else:
            assert regions.region(one.parent).level in above[one.level]


def test_every_region_of_today_leads_to_a_place_one_can_deliver_to() -> None:
    for one in regions._regions().values():
        if one.valid_to is None and not regions.is_deliverable_level(one.code):
            assert regions.children(one.code, on=TODAY), one


def test_the_file_is_the_one_its_meta_file_describes() -> None:
    text = (regions.DATA / "regions.csv").read_bytes()
    meta = json.loads((regions.DATA / "regions.meta.json").read_text(encoding="utf-8"))
    assert hashlib.sha256(text).hexdigest() == meta["sha256"]
    assert text.count(b"\n") == meta["rows"] + 1
    assert regions.version() == meta["version"]
    assert all("==" in source["package"] for source in meta["sources"])


def test_the_script_gives_a_code_the_days_its_sources_know(builder: ModuleType) -> None:
    old = {"140000": "山西省", "140300": "阳泉市", "140311": "郊区", "140726": "太谷县"}
    snapshots = {"201801": old | {"140399": "旧区"}, "201904": old}
    newest = {k: v for k, v in old.items() if k != "140726"} | {"140703": "太谷区", "140398": "新"}
    change = {
        "year": 2019,
        "old": {"code": "140726000000", "name": "太谷县"},
        "new": {"code": "140703000000", "name": "太谷区"},
    }
    found = builder.spans(snapshots, newest, date(2026, 9, 11), [change])
    table = {row.code: row for row in builder.rows(found)}
    assert table["140311"].valid_from == date(2018, 1, 1)
    assert table["140399"].valid_to == date(2019, 4, 1)
    assert table["140726"].valid_to == date(2020, 1, 1)
    assert table["140703"].valid_from == date(2019, 1, 1)
    assert table["140398"].valid_from == date(2026, 9, 11)
    assert (table["140311"].parent, table["140703"].parent) == ("140300", "140000")
    assert builder.as_csv(builder.rows(found)) == builder.as_csv(builder.rows(found))


def test_the_script_leaves_out_headings_that_are_no_places(builder: ModuleType) -> None:
    assert not builder.is_counted("110100", "市辖区")
    assert not builder.is_counted("429000", "省直辖县级行政区划")
    assert not builder.is_counted("710000", "台湾省")
    assert builder.is_counted("140311", "郊区")
