"""What the metrics say of chat: what became of lines, by class of tenant."""

from __future__ import annotations

from collections.abc import Mapping

from chat.messages import ORDER
from serving_common.metrics import Classes, Counters, Teller

MODEL = "chat"


class Meters:
    """Of all rooms. Raises ValueError for classes of tenants that are no names."""

    def __init__(self, parameters: Mapping[str, Mapping[str, str]]) -> None:
        self.classes = Classes(parameters)
        self._lines = Counters(
            "liveroom_chat_lines_total",
            "Lines of chat by what became of them",
            ("model", "tenant_class", "action"),
            [(MODEL, tenants, action) for tenants in self.classes.names for action in ORDER],
        )
        self._teller = Teller((self._lines,))

    def judged(self, tenants: str, action: str) -> None:
        """A line of a room of that class of tenants was judged."""
        self._lines.add(MODEL, tenants, action)

    def close(self) -> None:
        """Tell what has not been told yet."""
        self._teller.close()
