"""Turns of callers at the one network that speaks: nobody waits long for a first word, and nobody ends another's."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from tts.queue import Turns


class Told:
    """A speech of so many clauses of a second each, which writes down when it was asked."""

    def __init__(
        self, name: str, clauses: int, log: list[str], work: Callable[[], None] = lambda: None
    ) -> None:
        self.name, self.left, self.log, self.work = name, clauses, log, work
        self.gone = False
        self.over = Event()
        self.fault: Exception | None = None

    def cancelled(self) -> bool:
        return self.gone

    def step(self) -> float | None:
        if not self.left or self.gone:
            self.over.set()
            return None
        self.left -= 1
        self.log.append(self.name)
        self.work()
        return 1.0

    def failed(self, fault: Exception) -> None:
        self.fault = fault
        self.over.set()


@contextmanager
def turns(most: int = 8, stop: Callable[[], None] = lambda: None) -> Iterator[Turns]:
    made = Turns(most, stop)
    try:
        yield made
    finally:
        made.close()


def test_who_has_heard_nothing_yet_comes_before_the_rest_of_a_long_text() -> None:
    log: list[str] = []
    begun, go_on = Event(), Event()

    def wait() -> None:
        begun.set()
        go_on.wait(5)

    long, short = Told("long", 5, log, wait), Told("short", 1, log)
    with turns() as queue:
        assert queue.add(long)
        assert begun.wait(5)
        assert queue.add(short)
        go_on.set()
        assert long.over.wait(5)
        assert short.over.wait(5)
    assert log == ["long", "short", "long", "long", "long", "long"]


def test_one_more_than_may_be_is_refused() -> None:
    go_on = Event()

    def wait() -> None:
        go_on.wait(5)

    with turns(most=1) as queue:
        assert queue.add(Told("a", 1, [], wait))
        assert not queue.add(Told("b", 1, []))
        go_on.set()


def test_a_pass_whose_caller_has_gone_is_stopped_within_a_tenth_of_a_second() -> None:
    stopped, began = Event(), Event()

    def work() -> None:
        began.set()
        stopped.wait(5)

    speech = Told("a", 3, [], work)
    with turns(stop=stopped.set) as queue:
        queue.add(speech)
        assert began.wait(5)
        at = time.monotonic()
        speech.gone = True
        assert stopped.wait(5)
        assert time.monotonic() - at < 0.1
        assert speech.over.wait(5)


def test_a_fault_in_one_is_told_to_its_caller_and_ends_no_other() -> None:
    def break_() -> None:
        raise RuntimeError("broken")

    log: list[str] = []
    bad, good = Told("bad", 2, log, break_), Told("good", 2, log)
    with turns() as queue:
        queue.add(bad)
        queue.add(good)
        assert good.over.wait(5)
        assert bad.over.wait(5)
    assert str(bad.fault) == "broken"
    assert log.count("good") == 2
