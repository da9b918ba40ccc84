"""Carriers by any spelling, and waybill numbers after a spreadsheet had them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.domain.logistics.carriers import (
    BadWaybill,
    UnknownCarrier,
    carriers,
    clean_waybill,
    find,
    hint_mismatch,
)

TABLE = [
    ("shunfeng", "顺丰速运", "SF"),
    ("zhongtong", "中通", "ZTO"),
    ("yuantong", "圆通", "YTO"),
    ("shentong", "申通", "STO"),
    ("yunda", "韵达", "YD"),
    ("jtexpress", "极兔", "JTSD"),
    ("jd", "京东", "JD"),
    ("ems", "EMS", "EMS"),
    ("youzhengguonei", "邮政快递包裹", "YZPY"),
    ("debangkuaidi", "德邦快递", "DBL"),
    ("debangwuliu", "德邦物流", "德邦物流"),
    ("danniao", "丹鸟", "丹鸟"),
    ("kuayue", "跨越", "kuayue"),
    ("annengwuliu", "安能", "annengwuliu"),
    ("huitongkuaidi", "百世", "HTKY"),
]


@pytest.mark.parametrize(("code", "name", "other"), TABLE)
def test_a_carrier_is_found_by_code_name_and_the_other_code(
    code: str, name: str, other: str
) -> None:
    assert find(code).code == find(name).code == find(other).code == code


@pytest.mark.parametrize(
    "text", ["zto", "ＺＴＯ", " 中通 ", "中通快递", "ZhongTong", "ZTO-Express", "中通 速递"]
)
def test_case_width_and_spaces_do_not_matter(text: str) -> None:
    assert find(text).code == "zhongtong"


def test_every_spelling_in_the_table_finds_a_carrier() -> None:
    for one in carriers():
        for spelling in (one.code, one.name, one.short_name, *one.aliases):
            assert find(spelling) is one


@pytest.mark.parametrize("text", ["", " ", "快递", "zt", "DHL", "中通圆通", "x" * 100_000, "&"])
def test_an_unknown_carrier_is_refused(text: str) -> None:
    with pytest.raises(UnknownCarrier) as refusal:
        find(text)
    assert refusal.value.code == "validation-error"


def test_only_sf_and_zto_want_a_phone() -> None:
    assert {one.code for one in carriers() if one.needs_phone} == {"shunfeng", "zhongtong"}


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("78123456789012", "78123456789012"),
        (" 7812 3456 789012\t", "78123456789012"),
        ("ｓｆ１２３４５６７８９０１２３", "SF1234567890123"),
        ("'78123456789012", "78123456789012"),
        ("\ufeffYT1234567890123\u200b", "YT1234567890123"),
        ("JD0012345678901-1-1-", "JD0012345678901-1-1-"),
        ("EA123456789CN", "EA123456789CN"),
        ("0012345678901", "0012345678901"),
        ("123456E78", "123456E78"),
    ],
)
def test_a_waybill_number_is_tidied(typed: str, number: str) -> None:
    assert clean_waybill(typed) == number


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("7.8E+13", "scientific"),
        ("7.81234567890E+13", "scientific"),
        ("7E+13", "scientific"),
        ("７.８ｅ＋１３", "scientific"),
        ("7.8E13", "scientific"),
        ("78123456789012.0", "decimal"),
        ("78123456789012.", "decimal"),
        ("78,123,456,789,012", "thousands"),
        ("78，123，456，789，012", "thousands"),
        ("78,123,456.00", "thousands"),
        ("########", "error"),
        ("#N/A", "error"),
        ("", "at least"),
        ("12345", "at least"),
        ("1" * 33, "at most"),
        ("1" * 1_000_000, "at most"),
        ("7812345678/9012", "letters, digits"),
        ("运单78123456789012", "letters, digits"),
        ("78123456789012;DROP", "letters, digits"),
        ("7812345\x006789012", "letters, digits"),
        ("ABCDEFGH", "digits"),
        ("000000000000", "digits"),
    ],
)
def test_a_damaged_number_is_refused_with_its_reason(typed: str, reason: str) -> None:
    with pytest.raises(BadWaybill, match=reason) as refusal:
        clean_waybill(typed)
    assert refusal.value.code == "validation-error"


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_number_that_passes_is_clean_and_stays_as_it_is(typed: str) -> None:
    try:
        number = clean_waybill(typed)
    except BadWaybill:
        return
    assert 6 <= len(number) <= 32
    assert number.isascii()
    assert number == number.upper()
    assert clean_waybill(number) == number


def test_a_number_of_another_carrier_is_only_a_warning() -> None:
    assert hint_mismatch(find("SF"), "YT1234567890123")
    assert not hint_mismatch(find("SF"), "SF1234567890123")
    assert not hint_mismatch(find("ZTO"), "78123456789012")
    assert not hint_mismatch(find("kuayue"), "ANYTHING123")
