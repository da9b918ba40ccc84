"""Kuaidi100: signed pushes read whole, forged and junk ones refused, queries bounded."""

import hashlib
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.domain.logistics.carriers import find
from shop.domain.logistics.couriers.base import BadSignature, CourierDown, CourierPush
from shop.domain.logistics.couriers.base import MalformedReport as Malformed
from shop.domain.logistics.couriers.hand import record
from shop.domain.logistics.couriers.kuaidi100 import STATUS_OF, Kuaidi100
from shop.domain.logistics.couriers.kuaidi100_query import (
    AskedTooSoon,
    KuaidiQuery,
    PhoneNeeded,
    QueryRefused,
)
from shop.domain.logistics.states import ShipmentStatus, advance
from shop.kernel.errors import Invalid, Unavailable

S = ShipmentStatus
SALT = "village-salt"
NOW = datetime(2026, 9, 2, 8, tzinfo=UTC)
CODES = {
    "1": S.PICKED_UP, "101": S.LABEL_CREATED, "102": S.LABEL_CREATED, "103": S.PICKED_UP,
    "0": S.IN_TRANSIT, "1001": S.IN_TRANSIT, "1002": S.IN_TRANSIT, "1003": S.IN_TRANSIT,
    "5": S.OUT_FOR_DELIVERY, "501": S.READY_FOR_PICKUP,
    "3": S.DELIVERED, "301": S.DELIVERED, "302": S.DELIVERED, "303": S.DELIVERED,
    "304": S.DELIVERED,
    "2": S.EXCEPTION, "201": S.EXCEPTION, "202": S.EXCEPTION, "203": S.EXCEPTION,
    "204": S.EXCEPTION, "205": S.EXCEPTION, "206": S.EXCEPTION, "207": S.EXCEPTION,
    "208": S.EXCEPTION, "209": S.EXCEPTION, "210": S.EXCEPTION,
    "4": S.RETURNED, "401": S.VOID, "6": S.RETURNING, "7": S.FORWARDED,
    "8": S.CUSTOMS, "10": S.CUSTOMS, "11": S.CUSTOMS, "12": S.CUSTOMS, "13": S.CUSTOMS,
    "14": S.REFUSED,
}  # fmt: skip


def signed(param: str, salt: str = SALT) -> dict[str, str]:
    sign = hashlib.md5((param + salt).encode(errors="replace"), usedforsecurity=False)
    return {"param": param, "sign": sign.hexdigest().upper()}


def a_line(code: object = "0", at: str = "2026-09-01 10:00:00", **more: object) -> dict[str, Any]:
    line = {"time": at, "ftime": at, "context": "演示：到达", "statusCode": code, "areaCode": None}
    return line | more


def a_push(*lines: object, **more: object) -> dict[str, Any]:
    result = {"message": "ok", "nu": "78123456789012", "com": "zhongtong", "ischeck": "0",
              "status": "200", "state": "0", "data": list(lines)}  # fmt: skip
    return {"status": "polling", "billstatus": "got", "message": "", "lastResult": result | more}


def read(body: object, *, salt: str = SALT) -> CourierPush:
    return Kuaidi100().read_push(signed(json.dumps(body), salt), secrets=[SALT])


def test_the_table_holds_every_code_and_no_other() -> None:
    assert STATUS_OF == CODES


@pytest.mark.parametrize(("code", "status"), CODES.items())
def test_every_code_is_read_as_text_and_as_number(code: str, status: ShipmentStatus) -> None:
    for given_code in (code, int(code)):
        (event,) = read(a_push(a_line(given_code))).events
        assert (event.code, event.status) == (code, status)
        (event,) = read(a_push({"ftime": "2026-09-01 10:00:00"}, state=given_code)).events
        assert (event.code, event.status) == (code, status)


def test_a_push_tells_parcel_events_and_state_oldest_first() -> None:
    push = read(
        a_push(
            a_line("301", "2026-09-02 09:30:00", context="已签收"),
            a_line("5", "2026-09-02 08:00:00"),
            a_line("103", "2026-09-01 18:00:00"),
            state="301",
        )
    )
    assert (push.waybill_no, push.carrier_code, push.state_code) == (
        "78123456789012", "zhongtong", "301",
    )  # fmt: skip
    assert [event.status for event in push.events] == [
        S.PICKED_UP, S.OUT_FOR_DELIVERY, S.DELIVERED,
    ]  # fmt: skip
    assert push.events[-1].occurred_at == datetime(2026, 9, 2, 1, 30, tzinfo=UTC)
    assert push.events[-1].text == "已签收"


def test_lines_of_one_second_keep_the_order_in_which_they_happened() -> None:
    push = read(a_push(a_line("5", context="b"), a_line("0", context="a")))
    assert [event.text for event in push.events] == ["a", "b"]


def test_the_name_of_a_status_serves_where_its_code_is_missing() -> None:
    (event,) = read(a_push(a_line(None, status="投柜或站签收"))).events
    assert (event.code, event.status) == ("304", S.DELIVERED)


def test_without_codes_the_parcels_state_is_the_newest_lines() -> None:
    lines = [{"time": f"2026-09-0{day} 10:00:00", "context": "x"} for day in (2, 1)]
    push = read(a_push(*lines, state=3))
    assert [event.status for event in push.events] == [None, S.DELIVERED]
    later = read(a_push({"time": "2026-09-03 10:00:00", "context": "y"}, *lines, state="4"))
    assert later.events[1].fingerprint == push.events[1].fingerprint


def test_an_unknown_code_keeps_its_text_and_says_no_status() -> None:
    (event,) = read(a_push(a_line("777", context="飞行中"), state="3")).events
    assert (event.code, event.status, event.text) == ("777", None, "飞行中")


def test_a_line_without_readable_time_is_left_out() -> None:
    push = read(a_push(a_line("3", "yesterday"), a_line("0"), a_line("1", "9999-99-99 00:00:00")))
    assert [event.code for event in push.events] == ["0"]


@pytest.mark.parametrize(
    "body",
    [
        {"status": "abort", "message": "3天查询无记录"},
        {"status": "abort", "lastResult": None},
        {"status": "polling", "lastResult": {}},
        {},
    ],
)
def test_a_push_about_no_parcel_is_read_as_such(body: dict[str, Any]) -> None:
    push = read(body)
    assert (push.waybill_no, push.events, push.state_code) == ("", (), None)


def test_numbers_in_place_of_text_are_read() -> None:
    push = read(a_push(a_line(3), nu=78123456789012, com="ZhongTong", data=None))
    assert (push.waybill_no, push.carrier_code, push.events) == ("78123456789012", "zhongtong", ())


def test_text_is_bounded_and_storable() -> None:
    (event,) = read(a_push(a_line(context="a\x00\ud800" + "长" * 5000))).events
    assert event.text.startswith("a?长")
    assert len(event.text) == 300
    event.text.encode()


def test_the_same_report_has_the_same_fingerprint() -> None:
    one, two = read(a_push(a_line())), read(a_push(a_line()))
    other = read(a_push(a_line("1")))
    assert one == two
    assert one.fingerprint != other.fingerprint
    assert one.events[0].fingerprint != other.events[0].fingerprint


def test_a_second_salt_serves_while_salts_change() -> None:
    form = signed("{}", "old")
    assert Kuaidi100().read_push(form, secrets=["new", "old"]).events == ()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"param": "{}"},
        {"sign": "0" * 32},
        {"param": "{}", "sign": ""},
        {"param": "{}", "sign": "签名"},
        signed("{}", "somebody else's salt"),
        signed("{}") | {"param": '{"status":"shutdown"}'},
        signed(""" {"a":NaN} """, "other") | {"param": "junk"},
    ],
)
def test_what_is_not_signed_by_us_is_refused_before_it_is_read(form: dict[str, str]) -> None:
    with pytest.raises(BadSignature) as refusal:
        Kuaidi100().read_push(form, secrets=[SALT])
    assert refusal.value.code == "webhook-signature-invalid"


def test_without_a_salt_the_hook_is_not_ready() -> None:
    for secrets in ([], [""]):
        with pytest.raises(Unavailable):
            Kuaidi100().read_push(signed("{}", ""), secrets=secrets)


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    "param",
    [
        "", "null", "[]", "7", '"text"', "{", "{} trailing", '{"a":NaN}', '{"a":Infinity}',
        '{"a":1e999}', '{"status":"a","status":"b"}', '{"a":' + "9" * 5000 + "}",
        '{"lastResult":[]}', '{"lastResult":"x"}', '{"lastResult":{"data":{}}}',
        '{"lastResult":{"data":["x"]}}', '{"lastResult":{"data":[[]]}}',
        '{"lastResult":{"nu":{}}}', '{"lastResult":{"nu":7.8e13}}', '{"lastResult":{"com":true}}',
        '{"lastResult":{"data":[{"ftime":["2026"]}]}}',
        DEEP, '{"a":' + DEEP + "}", '{"a":' * 40 + "1" + "}" * 40,
        '{"a":"' + "x" * 2_000_000 + '"}', "\ufeff{}", "\x00",
    ],
    ids=lambda param: param[:24],
)  # fmt: skip
def test_signed_junk_is_malformed(param: str) -> None:
    with pytest.raises(Malformed) as refusal:
        Kuaidi100().read_push(signed(param), secrets=[SALT])
    assert refusal.value.code == "malformed-body"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
FIELDS = ("nu", "com", "state", "data", "ftime", "time", "context", "statusCode", "status")
lines = st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=5)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(FIELDS), json_values | st.lists(lines, max_size=4)))
def test_no_signed_body_does_worse_than_malformed(result: dict[str, Any]) -> None:
    try:
        push = read({"lastResult": result})
    except Malformed:
        return
    assert len(push.waybill_no) <= 64
    assert all(event.occurred_at.tzinfo is UTC for event in push.events)


steps = st.lists(
    st.tuples(st.sampled_from([*CODES, "999"]), st.integers(0, 59)), min_size=1, max_size=6
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.permutations(range(6)))
def test_pushes_in_any_order_leave_one_status(
    story: list[tuple[str, int]], order: list[int]
) -> None:
    told = [a_line(code, f"2026-09-01 10:{minute:02}:00") for code, minute in story]

    def end(sequence: list[dict[str, Any]]) -> ShipmentStatus | None:
        status, at = S.LABEL_CREATED, datetime(2026, 9, 1, tzinfo=UTC)
        current: tuple[ShipmentStatus | None, datetime | None] = (status, at)
        for line in sequence:
            for event in read(a_push(line)).events:
                current = advance(*current, event.status, event.occurred_at)
        return current[0]

    shuffled = [told[place] for place in order if place < len(told)]
    assert end(shuffled + told[:1]) is end(told)


class Provider(BaseHTTPRequestHandler):
    """A Kuaidi100 on the loopback that answers what the test says and keeps what it was asked."""

    answer: ClassVar[tuple[int, bytes]] = (200, b"{}")
    asked: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append({key: each[0] for key, each in parse_qs(body).items()})
        status, text = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def query() -> Iterator[KuaidiQuery]:
    Provider.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}/poll/query.do"
    query = KuaidiQuery(customer="CUSTOMER", key="KEY", endpoint=endpoint)
    yield query
    query.close()
    server.shutdown()
    thread.join()
    server.server_close()


def ask(
    query: KuaidiQuery,
    carrier: str = "yuantong",
    phone: str | None = None,
    last: datetime | None = None,
) -> CourierPush:
    return query.ask(
        find(carrier), waybill_no="YT1234567890123", phone=phone, last_asked_at=last, now=NOW
    )


def test_a_query_is_signed_and_read(query: KuaidiQuery) -> None:
    Provider.answer = (200, json.dumps(a_push(a_line("301"))["lastResult"]).encode())
    assert [event.status for event in ask(query).events] == [S.DELIVERED]
    (asked,) = Provider.asked
    expected = hashlib.md5((asked["param"] + "KEYCUSTOMER").encode(), usedforsecurity=False)
    assert asked["sign"] == expected.hexdigest().upper()
    assert json.loads(asked["param"])["num"] == "YT1234567890123"


def test_a_phone_goes_only_to_carriers_that_need_it(query: KuaidiQuery) -> None:
    Provider.answer = (200, b"{}")
    ask(query, "yuantong", "13800000001")
    ask(query, "SF", "13800000001")
    first, second = (json.loads(asked["param"]) for asked in Provider.asked)
    assert "phone" not in first
    assert second["phone"] == "13800000001"
    for carrier in ("SF", "ZTO"):
        with pytest.raises(PhoneNeeded):
            ask(query, carrier)
    assert len(Provider.asked) == 2


def test_a_number_is_asked_about_every_half_hour_at_most(query: KuaidiQuery) -> None:
    Provider.answer = (200, b"{}")
    with pytest.raises(AskedTooSoon):
        ask(query, last=NOW - timedelta(minutes=29))
    assert Provider.asked == []
    ask(query, last=NOW - timedelta(minutes=30))
    assert len(Provider.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b'{"result":false,"returnCode":"408","message":"x"}', PhoneNeeded),
        (200, b'{"result":false,"returnCode":"503","message":"x"}', QueryRefused),
        (200, b'{"result":false}', QueryRefused),
        (200, b"<html>", CourierDown),
        (200, b'{"data":7}', CourierDown),
        (200, b"\xff\xfe", CourierDown),
        (200, b"x" * 3_000_000, CourierDown),
        (302, b"", CourierDown),
        (502, b"{}", CourierDown),
    ],
)
def test_a_query_that_fails_says_how(
    query: KuaidiQuery, status: int, body: bytes, error: type[Exception]
) -> None:
    Provider.answer = (status, body)
    with pytest.raises(error):
        ask(query)


def test_no_news_is_an_empty_story(query: KuaidiQuery) -> None:
    Provider.answer = (200, '{"result":false,"returnCode":"500","message":"无结果"}'.encode())
    assert ask(query).events == ()


def test_a_provider_that_is_down_is_told_as_such() -> None:
    query = KuaidiQuery(customer="C", key="K", endpoint="http://127.0.0.1:9/poll/query.do")
    with pytest.raises(CourierDown):
        ask(query)
    query.close()


def test_people_write_down_what_no_carrier_reports() -> None:
    event = record(S.DELIVERED, note=" 已送到村口 ", occurred_at=None, now=NOW)
    assert (event.status, event.text, event.occurred_at, event.code) == (
        S.DELIVERED, "已送到村口", NOW, None,
    )  # fmt: skip
    with pytest.raises(Invalid):
        record(S.DELIVERED, note="", occurred_at=NOW + timedelta(hours=1), now=NOW)
    with pytest.raises(Invalid):
        record(S.DELIVERED, note="x" * 201, occurred_at=None, now=NOW)
