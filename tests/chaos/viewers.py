"""Viewers of a room: they note every event and come back with the last number they saw."""

import http.client
import threading
import time
from urllib.parse import urlsplit


class Viewer(threading.Thread):
    """An EventSource of one room; ``again``: it comes back when its line is cut."""

    def __init__(self, url: str, room: int, *, after: int, again: bool = False) -> None:
        super().__init__(daemon=True)
        self.url, self.room, self.last, self.again = url, room, after, again
        self.events: list[tuple[int, str, float]] = []
        self.connects = 0
        self.ended = threading.Event()
        self.stopped = False

    def run(self) -> None:
        while not self.stopped:
            try:
                self._watch()
            except (OSError, http.client.HTTPException):
                time.sleep(0.2)
            if not self.again:
                break
        self.ended.set()

    def _watch(self) -> None:
        parts = urlsplit(self.url)
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        headers = {"Last-Event-ID": str(self.last), "Accept": "text/event-stream"}
        try:
            line.request("GET", f"/api/v1/live-sessions/{self.room}/events", headers=headers)
            answer = line.getresponse()
            if answer.status != 200:
                time.sleep(0.2)
                return
            self.connects += 1
            self._read(answer)
        finally:
            line.close()

    def _read(self, answer: http.client.HTTPResponse) -> None:
        seq, kind = 0, ""
        while not self.stopped and (raw := answer.readline()):
            name, _, value = raw.decode().rstrip("\n").partition(": ")
            if name == "id":
                seq = int(value)
            elif name == "event":
                kind = value
            elif name == "" and kind:
                self.events.append((seq, kind, time.monotonic()))
                self.last, kind = seq, ""

    @property
    def seqs(self) -> list[int]:
        return [seq for seq, _, _ in self.events]

    def missed(self, first: int) -> list[int]:
        """Numbers after ``first`` that came out of order, twice or not at all."""
        seen = self.seqs
        due = range(first + 1, first + 1 + len(seen))
        return [one for one, expected in zip(seen, due, strict=True) if one != expected]
