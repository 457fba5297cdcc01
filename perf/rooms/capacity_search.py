"""The search for the largest number of rooms that a server carries."""

from collections.abc import Callable, Iterator, Sequence

FIRST_STEPS = (1, 2, 4, 6, 8, 10, 12, 16)


def ladder(most: int) -> Iterator[int]:
    """1, 2, 4, 6, 8, 10, 12, 16 and then half as many again, doubled (24, 32, 48, 64 ...), up to `most`."""
    step = 0
    for step in FIRST_STEPS:
        if step >= most:
            break
        yield step
    while step < most:
        step = step * 3 // 2 if step & (step - 1) == 0 else step * 4 // 3
        if step < most:
            yield step
    yield most


def search(carries: Callable[[int], bool], steps: Sequence[int]) -> None:
    """Asks `carries` about each of `steps`, ascending, up to the first that is not carried.

    Then halves the gap below that one until it is 1. So the answer is exact, after at most the logarithm of
    the last gap more questions.
    """
    kept, broken = 0, None
    for rooms in steps:
        if not carries(rooms):
            broken = rooms
            break
        kept = rooms
    while broken is not None and broken - kept > 1:
        middle = (kept + broken) // 2
        if carries(middle):
            kept = middle
        else:
            broken = middle
