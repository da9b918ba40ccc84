"""The queue of orders: one transaction for all who came meanwhile, and nobody is left behind."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from shop.kernel.errors import Overloaded, Unavailable
from shop.web import together
from shop.web.together import Together
from tests.servers.ground import until


class Till:
    """Places orders when it is told to, and notes who came together."""

    def __init__(self) -> None:
        self.groups: list[list[Any]] = []
        self.gate = threading.Event()
        self.fails_at = 0

    def __call__(self, asked: Sequence[Any]) -> list[Any]:
        self.groups.append(list(asked))
        assert self.gate.wait(10)
        if len(self.groups) == self.fails_at:
            raise KeyboardInterrupt
        return [f"placed {one}" for one in asked]


def send(
    queue: Together[Any, Any], names: Sequence[str], results: dict[str, Any]
) -> list[threading.Thread]:
    def one(name: str) -> None:
        try:
            results[name] = queue.submit(name)
        except BaseException as error:
            results[name] = error

    threads = [threading.Thread(target=one, args=(name,), daemon=True) for name in names]
    for thread in threads:
        thread.start()
    return threads


def crowd(
    till: Till, names: Sequence[str], **bounds: int
) -> tuple[Together[Any, Any], dict[str, Any], list[threading.Thread]]:
    """A first order under way, and ``names`` who wait behind it in this order."""
    queue: Together[Any, Any] = Together(till, **bounds)
    results: dict[str, Any] = {}
    threads = send(queue, ["first"], results)
    until(lambda: till.groups, what="the first transaction")
    for place, name in enumerate(names, start=1):
        threads += send(queue, [name], results)
        until(lambda place=place: len(queue._waiting) == place, what="a place in the queue")  # type: ignore[misc]
    return queue, results, threads


def end(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(15)
        assert not thread.is_alive()


def test_who_comes_meanwhile_goes_together_in_the_order_they_came() -> None:
    till, names = Till(), ["a", "b", "c", "d"]
    _, results, threads = crowd(till, names)
    till.gate.set()
    end(threads)
    assert till.groups == [["first"], names]
    assert results == {name: f"placed {name}" for name in ["first", *names]}


def test_an_idle_queue_waits_for_nobody() -> None:
    till = Till()
    till.gate.set()
    queue: Together[Any, Any] = Together(till)
    assert [queue.submit(name) for name in "ab"] == ["placed a", "placed b"]
    assert till.groups == [["a"], ["b"]]


def test_no_transaction_holds_more_than_its_measure() -> None:
    till, names = Till(), list("abcdefg")
    _, results, threads = crowd(till, names, together=3)
    till.gate.set()
    end(threads)
    assert [len(group) for group in till.groups] == [1, 3, 3, 1]
    assert len(results) == 8


def test_too_many_who_wait_are_refused_at_once() -> None:
    till = Till()
    queue, results, threads = crowd(till, ["a", "b"], waiting=2)
    with pytest.raises(Overloaded):
        queue.submit("late")
    till.gate.set()
    end(threads)
    assert set(results.values()) == {"placed first", "placed a", "placed b"}


def test_a_transaction_that_dies_frees_the_queue_for_the_others() -> None:
    """The followers are told to send again; who came after them is placed as ever."""
    till = Till()
    till.fails_at = 1
    _, results, threads = crowd(till, ["a", "b"])
    till.gate.set()
    end(threads)
    assert isinstance(results.pop("first"), KeyboardInterrupt)
    assert results == {"a": "placed a", "b": "placed b"}


def test_followers_of_a_leader_that_dies_may_send_again() -> None:
    """The youngest of the second group leads it; its end is the others' 503, not their loss."""
    till = Till()
    till.fails_at = 2
    _, results, threads = crowd(till, ["a", "b", "c"])
    till.gate.set()
    end(threads)
    assert results["first"] == "placed first"
    assert isinstance(results["c"], KeyboardInterrupt)
    assert isinstance(results["a"], Unavailable)
    assert isinstance(results["b"], Unavailable)


def test_who_waits_too_long_leaves_and_the_lead_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "PATIENCE_S", 0.05)
    till = Till()
    _, results, threads = crowd(till, ["a"])
    end(threads[1:])
    assert isinstance(results["a"], Unavailable)
    till.gate.set()
    end(threads)
    assert (results["first"], till.groups) == ("placed first", [["first"]])
