"""Who may open a room: how many there may be, of whom, and what the metrics say of them."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import hashlib
import os
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

import triton_python_backend_utils as pb_utils

from serving_common.tenants import tenant

ROOM = "x-room-id"
"""gRPC metadata that a gateway vouches for; Triton hands it on as a parameter of the request."""
PROBE = "(probe)"
"""In place of a tenant, who has no such name: rooms of one request that did not come through the gateway."""


class FullError(RuntimeError):
    """No place for one more room; the message says whose fault it is."""


class Key(NamedTuple):
    """What a room is known by: an id is the tenant's own business, and one may not reach into another's."""

    tenant: str
    room: str

    @classmethod
    def of(cls, sequence: str, parameters: Mapping[str, object]) -> Key:
        """Of a request for `sequence` with `parameters`.

        The room is the one that its stream was opened for, which a gateway has counted; where nothing says
        which, the sequence stands for it.
        """
        return cls(tenant(parameters), unquote(str(parameters.get(ROOM, ""))) or sequence)

    def probing(self) -> Key:
        """The same for a room that its first request ends: a probe, unless somebody's."""
        return self if self.tenant else self._replace(tenant=PROBE)

    @property
    def sequence(self) -> str:
        """A name for its sequences in other models, as short as Triton wants it whatever its parts."""
        return hashlib.sha256("\0".join(self).encode()).hexdigest()


class Admission:
    """Counts rooms in and out, and tells Triton's metrics; `most` rooms, a share of them for one tenant.

    One probe at a time has a place beside them, so that health checks take nobody's.

    Both are parameters of the model, and the environment overrides them. Raises ValueError for what is no
    number in range.
    """

    def __init__(self, parameters: Mapping[str, Mapping[str, str]]) -> None:
        self.most = _whole("LIVEROOM_MAX_ROOMS", parameters["max_rooms"]["string_value"])
        share = _share("LIVEROOM_TENANT_SHARE", parameters["tenant_share"]["string_value"])
        self._most_of_one = max(1, int(share * self.most))
        self._open: Counter[str] = Counter()
        labels = {"model": "captions"}
        family = pb_utils.MetricFamily
        # The families are kept as well: what they count for is gone with them.
        self._families = (
            family("liveroom_rooms_open", "Rooms that are open", family.GAUGE),
            family("liveroom_rooms_slots", "Rooms that may be open", family.GAUGE),
            family("liveroom_rooms_refused_total", "Rooms that found no place", family.COUNTER),
        )
        rooms, slots, refused = self._families
        self._rooms = rooms.Metric(labels)
        self._slots = slots.Metric(labels)
        self._refused = {why: refused.Metric({**labels, "reason": why}) for why in ("full", "tenant")}
        self._slots.set(self.most)  # and the rooms of a process that died are gone
        self._rooms.set(0)

    def enter(self, tenant: str) -> None:
        """Count one more room. Raises FullError where there is no place."""
        beside = tenant == PROBE and not self._open[PROBE]
        if not beside and self._taken >= self.most:
            self._refused["full"].increment(1)
            raise FullError(f"{self.most} rooms are open, all this server takes")
        if tenant not in ("", PROBE) and self._open[tenant] >= self._most_of_one:
            self._refused["tenant"].increment(1)
            raise FullError(f"{self._open[tenant]} rooms are open, all this server takes of one tenant")
        self._open[tenant] += 1
        self._rooms.set(self._taken)

    def leave(self, tenant: str) -> None:
        """Count one room less."""
        self._open[tenant] -= 1
        self._open += Counter()  # without those that have none
        self._rooms.set(self._taken)

    @property
    def _taken(self) -> int:
        return self._open.total() - min(1, self._open[PROBE])

    def close(self) -> None:
        """Tell the metrics that nobody is in any more, nor may be."""
        self._rooms.set(0)
        self._slots.set(0)


def _whole(name: str, default: str) -> int:
    value = os.environ.get(name) or default
    if not value.isdecimal() or int(value) < 1:
        raise ValueError(f"{name} is {value!r}; it must be a whole number, at least 1")
    return int(value)


def _share(name: str, default: str) -> float:
    value = os.environ.get(name) or default
    try:
        share = float(value)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise ValueError(f"{name} is {value!r}; it must be a share of the rooms, above 0 and at most 1")
    return share
