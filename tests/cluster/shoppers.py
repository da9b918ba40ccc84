"""A program of its own, run where viewers are: buys, pays, talks and watches, and notes it all.

Standard library only. ``python shoppers.py plan.json``; one JSON line an event goes to the plan's
``log``. Whoever gets no answer, or one that is retryable, sends the same
again with the same key.
"""

import http.client
import json
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Any

PATIENCE_S = 16.0


class Shoppers:
    """The crowd of one plan, over when the file ``over`` exists."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.over = Path(plan["over"])
        self._log = Path(plan["log"])
        self._lock = threading.Lock()
        self._tls = ssl.create_default_context(cafile=plan["authority"])

    def note(self, what: str, **facts: Any) -> None:
        with self._lock, self._log.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"what": what, "at": time.time(), **facts}) + "\n")

    def run(self) -> None:
        jobs = [(self.buy, number, token) for number, token in enumerate(self.plan["buyers"])]
        jobs += [(self.talk, 0, self.plan["talker"])]
        jobs += [(self.watch, number, "") for number in range(self.plan["viewers"])]
        threads = [threading.Thread(target=act, args=(n, token)) for act, n, token in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def line(self, patience_s: float = PATIENCE_S) -> http.client.HTTPSConnection:
        """A connection that takes the shop's name for the address of the plan."""
        made = http.client.HTTPSConnection(
            self.plan["name"], 443, timeout=patience_s, context=self._tls
        )
        made._create_connection = lambda _address, *rest: _connect(  # type: ignore[attr-defined]
            (self.plan["address"], 443), *rest
        )
        return made

    def ask(
        self, path: str, body: dict[str, Any], *, token: str, key: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """One POST; 0 stands for no answer."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {"X-Forwarded-For": "192.0.2.77"}
        line = self.line()
        try:
            line.request("POST", f"/api/v1{path}", json.dumps(body), headers)
            answer = line.getresponse()
            return answer.status, _told(answer.read())
        except (OSError, http.client.HTTPException) as error:
            return 0, {"code": type(error).__name__}
        finally:
            line.close()

    def until_answered(self, what: str, path: str, body: dict[str, Any], **named: str) -> Any:
        """Send it until it is answered, and note the answer; ``None`` where it is a refusal."""
        began, tries = time.time(), 0
        while True:
            status, told = self.ask(path, body, **named)
            tries += 1
            if 0 < status < 500 and not told.get("retryable"):
                self.note(what, status=status, told=told, tries=tries, began=began, **_key(named))
                return told if status < 300 else None
            self.note("trouble", of=what, status=status, code=told.get("code"), **_key(named))
            if self.over.exists() and time.time() - began > PATIENCE_S:
                self.note("unanswered", of=what, **_key(named))
                return None
            time.sleep(0.4)

    def buy(self, number: int, token: str) -> None:
        """One order after the other; every third is paid."""
        turn = 0
        while not self.over.exists():
            turn += 1
            key = f"{self.plan['run']}-{number}-{turn}"
            order = self.until_answered(
                "order", "/orders", self.plan["order"], token=token, key=key
            )
            if order and turn % 3 == 0:
                self.pay(order["number"], token, key)
            time.sleep(self.plan["pause_s"])

    def pay(self, number: str, token: str, key: str) -> None:
        asked = {"gateway": "sandbox", "method": "alipay"}
        path = f"/orders/{number}/payments"
        begun = self.until_answered("payment", path, asked, token=token, key=f"{key}-pay")
        if begun:
            self.until_answered(
                "paid", f"/sandbox/payments/{begun['id']}", {"outcome": "pay"}, token=token
            )

    def talk(self, _number: int, token: str) -> None:
        """A sentence every four seconds; it has no key, so each is said once."""
        turn = 0
        path = f"/live-sessions/{self.plan['room']}/comments"
        while not self.over.exists():
            turn += 1
            text = f"{self.plan['run']} {turn}"
            began = time.time()
            status, _told = self.ask(path, {"text": text}, token=token)
            self.note("said", text=text, status=status, began=began)
            time.sleep(4)

    def watch(self, number: int, _token: str) -> None:
        """A stream that goes on after the last number it has seen, for as long as it takes."""
        last = ""
        while not self.over.exists():
            line = self.line(20.0)
            headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
            try:
                line.request(
                    "GET", f"/api/v1/live-sessions/{self.plan['room']}/events", None, headers
                )
                answer = line.getresponse()
                self.note("stream", viewer=number, status=answer.status)
                last = self._follow(answer, number, last)
            except (OSError, http.client.HTTPException) as error:
                self.note("stream-lost", viewer=number, error=type(error).__name__)
            finally:
                line.close()
            time.sleep(1)

    def _follow(self, answer: http.client.HTTPResponse, number: int, last: str) -> str:
        event: dict[str, str] = {}
        while answer.status == 200 and not self.over.exists():
            raw = answer.readline()
            if not raw:
                break
            text = raw.decode().rstrip("\n")
            if text:
                name, _, value = text.partition(": ")
                event[name] = value
                continue
            if "id" in event:
                last = event["id"]
                self.note("event", viewer=number, seq=int(last), type=event.get("event"),
                          data=event.get("data"))  # fmt: skip
            event = {}
        return last


def _connect(address: tuple[str, int], *rest: Any) -> Any:
    import socket

    return socket.create_connection(address, *rest)


def _told(body: bytes) -> dict[str, Any]:
    """A problem or a thing of the shop; what is neither has no code."""
    try:
        return dict(json.loads(body or b"{}"))
    except ValueError:
        return {}


def _key(named: dict[str, str]) -> dict[str, str]:
    return {"key": named["key"]} if "key" in named else {}


if __name__ == "__main__":
    Shoppers(json.loads(Path(sys.argv[1]).read_text())).run()
