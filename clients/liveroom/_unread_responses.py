"""Responses of a stream that have come and were not read, and who is to read them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ._errors import LiveroomError
from ._signature import Arrays


@dataclass(frozen=True, slots=True)
class Response:
    """One response of a model.

    Attributes:
        request: number of the request that it answers, from 1 on.
        outputs: arrays by name; of BYTES arrays of bytes objects.
    """

    request: int
    outputs: Arrays


@dataclass(eq=False, slots=True)
class _Item:
    request: int
    content: Arrays | LiveroomError


class UnreadResponses:
    """In the order in which they came; errors of requests stand among them.

    Attributes:
        asked: numbers of requests whose responses somebody waits for; the others are for whoever reads.
    """

    def __init__(self) -> None:
        self.asked: set[int] = set()
        self._items: deque[_Item] = deque()
        self._left: set[int] = set()

    def __len__(self) -> int:
        return len(self._items)

    def add(self, request: int, content: Arrays | LiveroomError | None, *, last: bool) -> None:
        """Keep what came for a request, unless it was left."""
        if content is not None and request not in self._left:
            self._items.append(_Item(request, content))
        if last:
            self._left.discard(request)

    def leave(self, request: int, *, more: bool) -> None:
        """Nobody waits for `request` any more: what came is dropped, and what comes if there is `more`."""
        self.asked.discard(request)
        self._items = deque(item for item in self._items if item.request != request)
        if more:
            self._left.add(request)

    def has(self, request: int | None) -> bool:
        """Whether there is a response to `request`, or, for None, to one that nobody asked."""
        return self._first(request) is not None

    def pop(self, request: int | None) -> Response:
        """The first of them.

        Raises:
            LiveroomError: what the server has against the request.
        """
        item = self._first(request)
        assert item is not None  # noqa: S101 - asked only where there is one
        self._items.remove(item)
        if isinstance(item.content, LiveroomError):
            raise item.content
        return Response(item.request, item.content)

    def _first(self, request: int | None) -> _Item | None:
        def fits(item: _Item) -> bool:
            return item.request == request if request else item.request not in self.asked

        return next(filter(fits, self._items), None)
