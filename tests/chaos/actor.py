"""One person at work: asks until it is answered, and stands still while the gate is shut."""

import itertools
import random
import threading
from dataclasses import dataclass
from typing import Any

from tests.chaos.books import Books, OrderPage
from tests.chaos.caller import Answer, Caller, Log, Over

API = "/api/v1"


@dataclass(frozen=True)
class World:
    """What every actor knows; ``items`` of the room by their SKU, ``tokens`` by phone."""

    url: str
    seed: str
    room: int
    items: dict[str, int]
    tokens: dict[str, str]
    books: Books
    log: Log


class Actor(threading.Thread):
    """A buyer in a thread of her own; a subclass says what she does next."""

    def __init__(self, world: World, number: int, gate: threading.Event) -> None:
        super().__init__(daemon=True, name=f"actor-{number}")
        self.world, self.number, self._gate = world, number, gate
        self._dice = random.Random(f"{world.seed}-{number}")
        self.caller = Caller(world.url, world.log, self._dice)
        self.idle = threading.Event()
        self.failed: BaseException | None = None
        self._marks = (f"{world.seed}-{number}-{n}" for n in itertools.count())
        self._pages: list[OrderPage] = []
        self._lots: list[str] = []
        self._me = ""

    def run(self) -> None:
        try:
            self._sign_up()
            while not self.caller.over.is_set():
                if not self._gate.is_set():
                    self.idle.set()
                    self._gate.wait()
                    self.idle.clear()
                    continue
                self._act()
        except Over:
            pass
        except BaseException as error:
            self.failed = error
        self.idle.set()

    def _ask(self, method: str, path: str, body: Any = None, *, by: str = "") -> Answer:
        """As the buyer, or as one of the county's people; every POST brings a key."""
        token = self.world.tokens[by] if by else self._me
        key = next(self._marks) if method == "POST" else ""
        return self.caller.send(method, API + path, body, token=token, key=key)

    def _make(self, kind: str, mark: str, path: str, body: Any, *, by: str = "") -> Answer:
        """Ask for a thing that must then be there once."""
        found = self._ask("POST", path, body, by=by)
        self.world.books.note(kind, mark, found)
        return found

    def _sign_up(self) -> None:
        phone = f"139{self._dice.randrange(10**8):08d}"
        mark = next(self._marks)
        body = {"phone": phone, "password": "three-green-melons", "name": mark}
        self._expect(self._make("user", mark, "/users", body), 201)
        signed = self._ask("POST", "/tokens", {"phone": phone, "password": body["password"]})
        self._me = signed.body["token"]
        self.world.books.buyers.add(signed.body["user"]["id"])

    def _act(self) -> None:
        raise NotImplementedError

    def _expect(self, found: Answer, *statuses: int) -> bool:
        if found.status not in statuses and not (found.doubt and found.status in (404, 409, 412)):
            self.world.log.wrong.append(f"{self.name}: {found}")
        return found.done
