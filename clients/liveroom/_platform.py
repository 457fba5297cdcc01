"""What `AsyncClient` does for the platform: what it announces, and what it reports of viewers."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Iterable, Mapping

from ._any_model import AnyModel
from ._catalog import Item, announce, listed
from ._outcomes import OutcomeKind, report


class Platform(AnyModel):
    """The methods of the client that platforms call of their rooms and viewers."""

    async def announce(
        self, kind: str, changes: Iterable[Mapping[str, object]], *, catalog: str = ""
    ) -> list[Item | None]:
        """Tell all servers of items that are new, or not as they were; they lie in the store that all share.

        An object is merged into the item with its id (JSON merge patch): keys that it lacks stay, None
        removes one, and {"id": ..., "delete": True} the item. Changes are made a thousand at a time, each
        thousand whole or not at all; making them again does no harm.

        Args:
            kind: "rooms"; what they are made of is in docs/store.md.
            changes: such as {"id": "r1", "title": "...", "live": True}.
            catalog: which, of kinds of which there are several; rooms have none.

        Returns:
            The items as they are now, in the order of `changes`; None for those that are gone.

        Raises:
            InvalidInput: one cannot be taken; the message says which, and why.
            Overloaded, ServerUnavailable, ModelUnavailable, InferenceFailed, DeadlineExceeded
        """
        return await announce(self._transport, kind, catalog, changes, self.timeouts.text)

    async def announced(self, kind: str, *, catalog: str = "") -> AsyncGenerator[Item, None]:
        """What has been announced, in no order; items that change meanwhile may come twice.

        Args:
            kind: see `announce`, like the rest.
            catalog: see `announce`.

        Raises:
            LiveroomError: see `announce`.
        """
        async for item in listed(self._transport, kind, catalog, self.timeouts.text):
            yield item

    async def report_outcome(
        self,
        kind: OutcomeKind,
        viewer: str,
        *,
        room: str = "",
        item: str = "",
        time_s: float | None = None,
        trace: str = "",
        watch_s: float | None = None,
        value: int | None = None,
        id: str | None = None,  # noqa: A002 - what the model calls it
    ) -> bool:
        """Tell what a viewer did; it is kept in the store that all servers share.

        Args:
            kind: "enter" and "leave" of a room, "click" on what was recommended, "gift", "order", "follow",
                "ad_view" and "ad_click".
            viewer: opaque, 1 to 128 characters.
            room: where; needed for "enter" and "leave".
            item: the product or ad.
            time_s: seconds since 1970; by default now.
            trace: that of the answer which it came of.
            watch_s: seconds that were watched.
            value: paid, in the smallest unit of the currency.
            id: the same for the same outcome; by default one that only repeats of this call share.

        Returns:
            Whether it is new: an id that came within the last 15 minutes counts once.

        Raises:
            InvalidInput: something cannot be taken; the message says what.
            Overloaded, ServerUnavailable, ModelUnavailable, InferenceFailed, DeadlineExceeded
        """
        given = {
            "id": id or uuid.uuid4().hex,
            "kind": kind,
            "viewer": viewer,
            "room": room,
            "item": item,
            "time_s": time_s,
            "trace": trace,
            "watch_s": watch_s,
            "value": value,
        }
        (new,) = await self.report_outcomes(
            [{key: value for key, value in given.items() if value is not None}]
        )
        return new

    async def report_outcomes(self, outcomes: Iterable[Mapping[str, object]]) -> list[bool]:
        """Tell what viewers did, a thousand at a time, each thousand whole or not at all.

        Args:
            outcomes: such as {"id": "e1", "kind": "enter", "viewer": "v1", "room": "r1"}: the arguments of
                `report_outcome` by their names, of which the id may not be missing.

        Returns:
            Of each, whether it is new.

        Raises:
            LiveroomError: see `report_outcome`; what it was raised for may be reported again.
        """
        return await report(self._transport, outcomes, self.timeouts.text)
