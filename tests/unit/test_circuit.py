"""The circuit breaker, with a clock of the test's own."""

import pytest

from shop.kernel.circuit import Circuit, CircuitOpen


class Ticks:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def fail(circuit: Circuit, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(OSError, match="down"), circuit.guard():
            raise OSError("down")


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def circuit(ticks: Ticks) -> Circuit:
    return Circuit("carrier", failures=3, rest_s=10, clock=ticks)


def test_a_few_failures_in_a_row_open_it_and_calls_then_fail_at_once(circuit: Circuit) -> None:
    fail(circuit, 3)
    assert circuit.is_open
    with pytest.raises(CircuitOpen) as refused, circuit.guard():
        pytest.fail("the call went through")
    assert refused.value.facts["retry_after"] == 11


def test_a_success_between_failures_keeps_it_closed(circuit: Circuit) -> None:
    fail(circuit, 2)
    with circuit.guard():
        pass
    fail(circuit, 2)
    assert not circuit.is_open


def test_after_its_rest_one_probe_goes_through_and_the_others_still_fail(
    circuit: Circuit, ticks: Ticks
) -> None:
    fail(circuit, 3)
    ticks.at += 10
    with circuit.guard(), pytest.raises(CircuitOpen), circuit.guard():
        pytest.fail("a second call went through beside the probe")
    with circuit.guard():
        pass
    assert not circuit.is_open


def test_a_failed_probe_begins_another_rest(circuit: Circuit, ticks: Ticks) -> None:
    fail(circuit, 3)
    ticks.at += 10
    fail(circuit)
    ticks.at += 9
    assert circuit.is_open
    ticks.at += 1
    assert not circuit.is_open


def test_a_request_deadline_counts_as_a_failure_and_frees_the_probe(
    circuit: Circuit, ticks: Ticks
) -> None:
    class Deadline(BaseException):
        """As gevent.Timeout, no Exception."""

    fail(circuit, 3)
    ticks.at += 10
    with pytest.raises(Deadline), circuit.guard():
        raise Deadline
    ticks.at += 10
    with circuit.guard():
        pass
    assert not circuit.is_open
