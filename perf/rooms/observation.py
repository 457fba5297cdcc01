"""What is seen of a step: everything the generators tell, and what the server spends meanwhile."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from perf.load.processes import ProcessCost, Usage, costs
from perf.load.server_costs import Costs, Meter
from perf.load.triton_metrics import pending
from perf.rooms.generator_pool import GeneratorPool
from perf.rooms.messages import Ended, Heard, Joined, Load, Message, Pulse, Seen
from perf.rooms.profile import Profile
from perf.rooms.schedule import Join, Times
from server import Triton

GRACE_S = 90.0
"""A room that has ended may take so long for its last captions before the step is given up."""
SAMPLE_S = 1.0
"""Between two looks at the server's queues."""


@dataclass(frozen=True)
class Server:
    """What is loaded: the address of its gRPC and, where it was started here, the server itself.

    Attributes:
        token_file, ca: what a gateway asks for; "" where none does.
    """

    address: str
    triton: Triton | None = None
    token_file: str = ""
    ca: str = ""


@dataclass
class Observation:
    """One step. `costs` and `pending` are of the measured window, and empty for a server not started here.

    Attributes:
        open_rooms: how many were open at each look.
        ended: by room.
        generators: their CPU and memory in the window.
    """

    heard: list[Heard] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    pulses: list[Pulse] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)
    ended: dict[int, Ended] = field(default_factory=dict)
    costs: Costs | None = None
    pending: list[float] = field(default_factory=list)
    open_rooms: list[int] = field(default_factory=list)
    generators: tuple[ProcessCost, ...] = ()

    def finals(self, room: int) -> list[Heard]:
        """Those of one room, in order."""
        return [caption for caption in self.heard if caption.room == room and caption.kind == "final"]


def load(
    server: Server, profile: Profile, joins: Sequence[Join], seed: int, times: Times, *, alone: bool = False
) -> Load:
    """The work order for the generators."""
    rooms = len(joins) if alone else 1
    limit_s = times.ramp + rooms * (times.room + GRACE_S)
    return Load(
        address=server.address,
        profile=profile,
        joins=tuple(joins),
        seed=seed,
        seconds=times.room,
        limit_s=limit_s,
        alone=alone,
        token_file=server.token_file,
        ca=server.ca,
    )


def observe(
    server: Server, order: Load, times: Times, listen: Callable[[Message | None], None] = lambda message: None
) -> Observation:
    """Plays a step; `listen` is told all that the generators tell, and None now and then.

    Raises:
        GeneratorError: a generator fails.
    """
    seen = Observation()
    with GeneratorPool(order) as pool:
        window = _Window(server, pool, seen)
        began = pool.begin()
        for message in pool.messages():
            listen(message)
            match message:
                case Joined():
                    window.rooms += 1
                case Heard():
                    seen.heard.append(message)
                case Seen():
                    seen.seen.append(message)
                case Pulse():
                    seen.pulses.append(message)
                case Ended():
                    window.rooms -= 1
                    seen.ended[message.room] = message
                    if message.error is not None:
                        seen.errors[message.room] = message.error
            now = time.perf_counter() - began
            if not order.alone and now >= times.window[0]:
                window.look(done=now >= times.window[1])
    return seen


class _Window:
    """Reads counters as the measured window begins and ends, and queues about once a second between."""

    def __init__(self, server: Server, pool: GeneratorPool, seen: Observation) -> None:
        self._triton = server.triton
        self._pool = pool
        self._seen = seen
        self._meter: Meter | None = None
        self._generators: dict[int, Usage] | None = None
        self._began = 0.0
        self._next = 0.0
        self._done = False
        self.rooms = 0

    def look(self, *, done: bool) -> None:
        """Called as often as there is time for; `done` once the window is over."""
        now = time.perf_counter()
        if self._generators is None:
            self._generators = self._pool.usage()
            self._meter = Meter(self._triton) if self._triton else None
            self._began = self._next = now
        if not self._done and now >= self._next:
            self._next += SAMPLE_S
            self._seen.open_rooms.append(self.rooms)
            if self._triton:
                ensembles = {name for name, model in self._triton.models.items() if model.is_ensemble}
                waiting = pending(self._triton.metrics, ensembles)
                self._seen.pending += [] if waiting is None else [waiting]
        if done and not self._done:
            self._done = True
            self._seen.costs = self._meter.read() if self._meter else None
            spent = costs(self._generators, self._pool.usage(), now - self._began)
            self._seen.generators = tuple(replace(cost, name="load generator") for cost in spent)
