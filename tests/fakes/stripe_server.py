"""A fake Stripe on a real socket: idempotency, faults on demand, signed webhooks, counts."""

import hashlib
import hmac
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import requests

from tests.fakes import stripe_page, stripe_params
from tests.fakes.stripe_objects import Account, StripeRefusal, invalid

FaultKind = Literal["status", "drop_before", "drop_after", "slow_before", "slow_after", "none"]
ROUTES = [
    ("POST", r"/v1/payment_intents", "payment_intents.create"),
    ("GET", r"/v1/payment_intents/(\w+)", "payment_intents.retrieve"),
    ("POST", r"/v1/payment_intents/(\w+)/confirm", "payment_intents.confirm"),
    ("POST", r"/v1/payment_intents/(\w+)/cancel", "payment_intents.cancel"),
    ("POST", r"/v1/checkout/sessions", "sessions.create"),
    ("GET", r"/v1/checkout/sessions/(\w+)", "sessions.retrieve"),
    ("POST", r"/v1/checkout/sessions/(\w+)/expire", "sessions.expire"),
    ("POST", r"/v1/refunds", "refunds.create"),
    ("GET", r"/v1/refunds/(\w+)", "refunds.retrieve"),
    ("GET", r"/v1/events", "events.list"),
]


@dataclass
class Fault:
    """What goes wrong with the next ``times`` calls whose ``METHOD /path`` matches."""

    kind: FaultKind
    times: int = 1
    match: str = ""
    status: int = 500
    seconds: float = 120.0
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Call:
    """One request that arrived."""

    method: str
    path: str
    key: str | None
    form: str


class FakeStripe:
    """Start with ``with FakeStripe() as fs``; ``fs.url`` is the API base."""

    def __init__(self, *, api_key: str = "sk_test_fake", secret: str = "whsec_fake") -> None:
        self.api_key, self.secret = api_key, secret
        self.account = Account()
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.hook_url: str | None = None
        self.inside_create = False
        self.paid_inside_create = False
        self._replies: dict[str, tuple[str, tuple[int, dict[str, Any]] | None]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._fresh: list[dict[str, Any]] = []
        self.account.heard.append(self._fresh.append)
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(self, kind: FaultKind, **how: Any) -> None:
        """Queue a fault; several act one after the other."""
        self.faults.append(Fault(kind, **how))

    def well(self) -> None:
        """Forget the faults that are left."""
        self.faults.clear()

    def count(self, method: str, path: str) -> int:
        """How many calls came to a path, given as a regular expression."""
        return len(self._calls(method, path))

    def keys(self, path: str) -> set[str | None]:
        """The distinct idempotency keys that a path saw."""
        return {call.key for call in self._calls("POST", path)}

    def made(self, kind: str) -> list[dict[str, Any]]:
        """The objects of a kind that exist: ``payment_intent``, ``refund``, ..."""
        return [one for one in self.account.objects.values() if one["object"] == kind]

    def _calls(self, method: str, path: str) -> list[Call]:
        return [one for one in self.calls if one.method == method and re.fullmatch(path, one.path)]

    def signed(
        self, event: Any, *, at: float | None = None, secret: str | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a webhook; ``event`` may be raw bytes."""
        body = event if isinstance(event, bytes) else json.dumps(event, indent=2).encode()
        stamp = int(time.time() if at is None else at)
        made = hmac.new((secret or self.secret).encode(), b"%d." % stamp + body, hashlib.sha256)
        return body, {"Stripe-Signature": f"t={stamp},v1={made.hexdigest()}"}

    def events_of(self, *types: str) -> list[dict[str, Any]]:
        """Events so far, of the given types or all."""
        return [one for one in self.account.events if not types or one["type"] in types]

    def send_webhook(self, event: Any, *, times: int = 1, **how: Any) -> list[int]:
        """Post an event to ``hook_url`` that many times; the statuses it got."""
        assert self.hook_url, "set hook_url first"
        body, headers = self.signed(event, **how)
        headers["Content-Type"] = "application/json"
        return [
            requests.post(self.hook_url, data=body, headers=headers, timeout=10).status_code
            for _ in range(times)
        ]

    def send_fresh(
        self, *, order: Callable[[list[Any]], Sequence[Any]] = list, times: int = 1
    ) -> list[int]:
        """Post what happened since the last time, in the given order."""
        with self._lock:
            fresh = list(self._fresh)
            self._fresh.clear()
        return [status for one in order(fresh) for status in self.send_webhook(one, times=times)]

    def take_fault(self, line: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.match, line):
                    fault.times -= 1
                    return fault
        return None

    def wait(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def answer(self, call: Call, *, query: str) -> tuple[int, dict[str, Any], bool]:
        """Status, body, and whether it is an earlier answer again."""
        if call.method != "POST" or call.key is None:
            return (*self._run(call, query=query), False)
        asked_for = f"{call.path} {call.form}"
        with self._lock:
            if call.key in self._replies:
                earlier, reply = self._replies[call.key]
                return (*_replay(earlier == asked_for, reply), True)
            self._replies[call.key] = (asked_for, None)
        status, body = self._run(call, query=query)
        with self._lock:
            if status in (200, 402):
                self._replies[call.key] = (asked_for, (status, body))
            else:
                del self._replies[call.key]
        return status, body, False

    def _run(self, call: Call, *, query: str) -> tuple[int, dict[str, Any]]:
        try:
            operation, ids = _route(call)
            asked = stripe_params.read(operation, call.form if call.method == "POST" else query)
            with self.account.lock:
                done = json.loads(json.dumps(_do(self.account, operation, ids, asked)))
        except StripeRefusal as refusal:
            return refusal.status, refusal.body
        except stripe_params.BadParam as bad:
            return 400, invalid(bad.code, f"{bad.code}: {bad.param}").body
        if self.paid_inside_create and operation == "payment_intents.create":
            self.account.complete_payment(done["id"])
        if self.inside_create and operation.endswith(".create") and self.hook_url:
            self.send_fresh()
        return 200, done


def _replay(same: bool, reply: tuple[int, dict[str, Any]] | None) -> tuple[int, dict[str, Any]]:
    if not same:
        return 400, StripeRefusal(400, "idempotency_error", "idempotency_key_reused").body
    if reply is None:
        return 409, StripeRefusal(409, "idempotency_error", "idempotency_key_in_use").body
    return reply


def _route(call: Call) -> tuple[str, list[str]]:
    for method, pattern, operation in ROUTES:
        found = re.fullmatch(pattern, call.path)
        if method == call.method and found:
            return operation, list(found.groups())
    raise invalid("url_invalid", f"Unrecognized request URL ({call.method}: {call.path})", 404)


def _do(account: Account, operation: str, ids: list[str], asked: dict[str, Any]) -> Any:
    doing: dict[str, Callable[[], Any]] = {
        "payment_intents.create": lambda: account.create_intent(asked),
        "payment_intents.retrieve": lambda: account.get(ids[0], "payment_intent"),
        "payment_intents.confirm": lambda: account.confirm_intent(ids[0], asked),
        "payment_intents.cancel": lambda: account.cancel_intent(ids[0]),
        "sessions.create": lambda: account.create_session(asked),
        "sessions.retrieve": lambda: account.session_view(ids[0], asked.get("expand", [])),
        "sessions.expire": lambda: account.expire_session(ids[0]),
        "refunds.create": lambda: account.create_refund(asked),
        "refunds.retrieve": lambda: account.get(ids[0], "refund"),
        "events.list": lambda: _events(account, asked),
    }
    return doing[operation]()


def _events(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    floor = asked.get("created", {}).get("gte", 0)
    newest_first = [one for one in reversed(account.events) if one["created"] >= floor]
    if after := asked.get("starting_after"):
        ids = [one["id"] for one in newest_first]
        newest_first = newest_first[ids.index(after) + 1 :]
    limit = asked.get("limit", 10)
    page = newest_first[:limit]
    return {"object": "list", "data": page, "has_more": len(newest_first) > limit, "url": ""}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, fake: FakeStripe) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fake = fake


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        fake, url = self.server.fake, urlsplit(self.path)
        if url.path.startswith(stripe_page.PREFIX):
            return self._page(fake.account, url.path)
        form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        call = Call(self.command, url.path, self.headers.get("Idempotency-Key"), form)
        fake.calls.append(call)
        fault = fake.take_fault(f"{call.method} {call.path}") or Fault("none")
        if fault.kind == "slow_before":
            fake.wait(fault.seconds)
        if fault.kind == "drop_before":
            return self._drop()
        if fault.kind == "status":
            refusal = StripeRefusal(fault.status, "api_error", f"fake_{fault.status}")
            return self._send(fault.status, refusal.body, dict(fault.headers))
        if self.headers.get("Authorization") != f"Bearer {fake.api_key}":
            body = StripeRefusal(401, "invalid_request_error", "api_key_invalid").body
            return self._send(401, body, {})
        status, body, replayed = fake.answer(call, query=url.query)
        if fault.kind == "slow_after":
            fake.wait(fault.seconds)
        if fault.kind == "drop_after":
            return self._drop()
        return self._send(status, body, {"Idempotent-Replayed": "true"} if replayed else {})

    do_GET = do_POST = _serve  # noqa: N815 - the names http.server calls

    def _page(self, account: Account, path: str) -> None:
        """Not the API: where buyers of a shop in a browser pay."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        html = b""
        if self.command == "POST":
            self.send_response(303)
            self.send_header("Location", stripe_page.paid(account, path))
        else:
            html = stripe_page.shown(account, path).encode()
            self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(html)))
        self.end_headers()
        self.wfile.write(html)

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        raw = json.dumps(body).encode()
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""
