"""What `AsyncClient` does for the platform: what it announces, and what is recommended and sold."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping

from ._any_model import AnyModel
from ._catalog import Item, announce, listed


class Platform(AnyModel):
    """The methods of the client that platforms call for rooms, products, ads and gifts."""

    async def announce(
        self, kind: str, changes: Iterable[Mapping[str, object]], *, catalog: str = ""
    ) -> list[Item | None]:
        """Tell all servers of rooms, products or ads that are new, or not as they were.

        An object is merged into the item with its id (JSON merge patch): keys that it lacks stay, None
        removes one, and {"id": ..., "delete": True} the item. It is in force on every server within a second.
        Changes are made a thousand at a time, each thousand whole or not at all; making them again does no
        harm.

        Args:
            kind: "rooms", "products" or "ads"; what they are made of is in docs/recommend.md and the like.
            changes: such as {"id": "r1", "title": "...", "live": True}.
            catalog: of products, which one.

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
            catalog: of products, which one.

        Raises:
            LiveroomError: see `announce`.
        """
        async for item in listed(self._transport, kind, catalog, self.timeouts.text):
            yield item
