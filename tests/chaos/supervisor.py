"""The run: people at work, a blow, healing, and then everything is looked at."""

import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import requests
from sqlalchemy import or_, update

from shop.app import create_app
from shop.db import db, transactional
from shop.domain.audit.models import KeptAnswer
from shop.domain.audit.service import ACTED
from shop.kernel.clock import utc_now
from tests.chaos.actor import API, World
from tests.chaos.acts import HOST, MANAGER, OPERATOR, OTHER, PASSWORD, Person
from tests.chaos.books import Books
from tests.chaos.caller import Log
from tests.chaos.house import House, blows, until_ready
from tests.chaos.viewers import Viewer
from tests.lengths import FULL
from tests.servers.databases import settings_for
from tests.servers.ground import until

ACTORS = 5
WORK_S = (0.3, 1.0)
AGAIN_S = 10.0 if FULL else 40.0
"""Within so many seconds of healing everybody is answered again.

The promise is 10 s, and the full form holds it; in ``make test`` other tests take every core.
"""

FIRST = (
    "postgres killed", "web killed", "database line cut", "worker killed", "postgres stopped",
    "valkey killed", "callers cut off",
)  # fmt: skip
"""What every run suffers, in an order of its seed, however short it is."""


class Chaos:
    """One run with one seed."""

    def __init__(self, house: House, seed: str, say: Callable[[str], None] = print) -> None:
        self.house, self.seed, self.say = house, seed, say
        self.dice = random.Random(seed)
        self.app = create_app(settings_for(house.postgres.url(), house.shop.folder / "beside"))
        self.log = Log()
        self.books = Books(self.app)
        self.gate = threading.Event()
        world = self._world()
        self.actors = [Person(world, number, self.gate) for number in range(ACTORS)]
        self.first = self._seq(world.room)
        self.viewers = [
            Viewer(house.url, world.room, after=self.first, again=True) for _ in range(2)
        ]
        self.room = world.room
        self.worst_s = 0.0
        self._freed: set[str | None] = set()

    def _world(self) -> World:
        tokens = {
            phone: self._told("/tokens", {"phone": phone, "password": PASSWORD})["token"]
            for phone in (HOST, MANAGER, OPERATOR, OTHER)
        }
        room = self._told("/live-sessions?status=live")["items"][0]["id"]
        shelf = self._told(f"/live-sessions/{room}")["items"]
        items = {one["sku"]: one["id"] for one in shelf}
        return World(self.house.url, self.seed, room, items, tokens, self.books, self.log)

    def _told(self, path: str, body: object = None) -> Any:
        """One answer, straight from the shop."""
        method = "GET" if body is None else "POST"
        url = self.house.shop.url + API + path
        found = requests.request(method, url, json=body, timeout=10)
        found.raise_for_status()
        return found.json()

    def run(self, minutes: float) -> None:
        """Blow after blow until the time is over; raises at the first thing that is wrong."""
        for thread in (*self.viewers, *self.actors):
            thread.start()
        began, over = time.monotonic(), time.monotonic() + minutes * 60
        try:
            for name in self._first():
                self._round(name)
            while time.monotonic() < over:
                self._round(self.dice.choice(sorted(blows(self.house, self.dice))))
            self._look("at the end", everything=True)
        finally:
            self._end()
        self.say(
            f"chaos {self.seed}: {time.monotonic() - began:.0f} s, {self.log.counts()}, "
            f"{len(self.books.orders)} orders, answered again after at most {self.worst_s:.1f} s, "
            f"slowest answer {self.log.slowest_s:.1f} s"
        )

    def _first(self) -> list[str]:
        names = list(FIRST)
        self.dice.shuffle(names)
        return names

    def _round(self, name: str) -> None:
        blow = blows(self.house, self.dice)[name]
        began = time.monotonic()
        self.gate.set()
        self._work(self.dice.uniform(*WORK_S))
        blow.hurt()
        self._work(self.dice.uniform(*blow.seconds))
        blow.heal()
        again_s = self._recover(name)
        self.gate.clear()
        self._rest(name)
        self._look(name)
        took = time.monotonic() - began
        self.say(f"chaos {self.seed}: {name}, answered again after {again_s:.1f} of {took:.1f} s")

    def _work(self, seconds: float) -> None:
        """People are at it meanwhile; whoever fails ends the run."""
        over = time.monotonic() + seconds
        while time.monotonic() < over and all(actor.is_alive() for actor in self.actors):
            time.sleep(0.02)
        self._nobody_failed()

    def _nobody_failed(self) -> None:
        for actor in self.actors:
            if actor.failed is not None:
                raise AssertionError(f"{actor.name}: {actor.failed!r}") from actor.failed
        assert not self.log.wrong, "\n".join(self.log.wrong)

    def _recover(self, name: str) -> float:
        """Everybody is answered something that was asked after the healing."""
        healed = time.monotonic()
        until_ready(self.house, within_s=AGAIN_S)

        def answered() -> bool:
            self._nobody_failed()
            self._free_keys_of_the_dead(healed)
            return all(actor.caller.answered_at > healed for actor in self.actors)

        self._until(answered, f"an answer to everybody after {name}")
        again_s = time.monotonic() - healed
        self.worst_s = max(self.worst_s, again_s)
        return again_s

    def _rest(self, name: str) -> None:
        """Everybody finishes what was begun."""
        paused = time.monotonic()

        def still() -> bool:
            self._nobody_failed()
            self._free_keys_of_the_dead(paused)
            return all(actor.idle.is_set() for actor in self.actors)

        self._until(still, f"the end of what was begun before {name}")

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            until(condition, within_s=AGAIN_S, what=what)
        except AssertionError as late:
            waits = {actor.name: actor.caller.waits_for for actor in self.actors}
            raise AssertionError(f"{late}; they wait for {waits}; {self.log.counts()}") from late

    def _free_keys_of_the_dead(self, since: float) -> None:
        """A key whose request died is leased for 30 s; the clock is helped on for those.

        Two seconds after healing nothing that began before is under way any more.
        """
        stuck = {actor.caller.waits_for for actor in self.actors} - self._freed - {None}
        if stuck and time.monotonic() > since + 2:
            with self.app.app_context():
                _lapse(stuck)
            self._freed |= stuck

    def _look(self, name: str, *, everything: bool = False) -> None:
        self._nobody_failed()
        wrong = self.books.check(everything=everything)
        assert wrong == [], f"after {name}: " + "\n".join(wrong)
        newest = self._seq(self.room)
        for viewer in self.viewers:
            until(lambda v=viewer: v.last >= newest, within_s=AGAIN_S, what="every event")  # type: ignore[misc]
            assert viewer.missed(self.first) == [], f"events after {name}: {viewer.seqs}"

    def _seq(self, room: int) -> int:
        return int(self._told(f"/live-sessions/{room}")["seq"])

    def _end(self) -> None:
        self.house.let_go()
        for actor in self.actors:
            actor.caller.over.set()
        for viewer in self.viewers:
            viewer.stopped = True
        self.gate.set()
        for actor in self.actors:
            actor.join(20)
        with self.app.app_context():
            for engine in db.engines.values():
                engine.dispose()


@transactional
def _lapse(keys: set[str | None]) -> None:
    long_ago = utc_now() - timedelta(minutes=1)
    unanswered = or_(KeptAnswer.status.is_(None), KeptAnswer.status == ACTED)
    db.session.execute(
        update(KeptAnswer).where(KeptAnswer.key.in_(keys), unanswered).values(leased_until=long_ago)
    )
