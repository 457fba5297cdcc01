"""Rooms of continuous speech played through the gateway while something happens to the cluster."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cluster.errors import ClusterError
from cluster.impact import Fault, Impact, assess
from cluster.local import LocalCluster
from cluster.machine import write_with_mode
from perf.rooms import profile as profiles
from perf.rooms.messages import Heard, Joined, Message
from perf.rooms.observation import Server, load, observe
from perf.rooms.schedule import Join, Times
from perf.rooms.solo_baseline import play_alone

APART_S = 0.4
"""Between two rooms that join."""
SEED = 1
_WAIT_S = 20.0
_LONGEST_S = 180.0


@dataclass
class Stage:
    """What whoever harms replicas sees of the rooms that are being played."""

    seconds: float
    began: float = field(default_factory=time.perf_counter)
    faults: list[Fault] = field(default_factory=list)
    _open: dict[int, bool] = field(default_factory=dict)
    _silent: set[int] = field(default_factory=set)

    @property
    def now(self) -> float:
        """Seconds since the rooms began."""
        return time.perf_counter() - self.began

    def note(self, kind: str, replica: str) -> None:
        """Notes what was done."""
        self.faults.append(Fault(kind, replica, self.now))

    def heard_again(self) -> None:
        """Waits until every room has had a caption more, but not long: one may have nothing to say."""
        self._silent = set(self._open)
        deadline = time.monotonic() + _WAIT_S
        while self._silent and time.monotonic() < deadline:
            time.sleep(0.02)

    def mid_sentence(self) -> None:
        """Waits until every room has an open segment: a partial caption that no final has closed."""
        deadline = time.monotonic() + _WAIT_S
        while not (self._open and all(self._open.values())) and time.monotonic() < deadline:
            time.sleep(0.02)

    def hear(self, message: Message | None) -> None:
        """Is told what the rooms hear."""
        match message:
            case Joined():
                self._open[message.room] = False
            case Heard():
                self._open[message.room] = message.kind == "partial"
                self._silent.discard(message.room)


class RoomLoad:
    """Plays `count` rooms, each in the next of the formats that rooms may send, for `seconds` each.

    What they say is played without a failure before anything else: what is heard then must not be lost.
    """

    def __init__(self, cluster: LocalCluster, count: int, seconds: float, tenant: str = "demo") -> None:
        self._profile = profiles.load("formats")
        kinds = self._profile.deal(count)
        self._joins = [Join(number, kind, 0, APART_S * number) for number, kind in enumerate(kinds)]
        self._times = Times(measured=seconds, ramp=APART_S * count, settle=0.0, cool_down=0.0)
        self._server = server(cluster, tenant)
        alone = play_alone(self._server, self._profile, self._joins, SEED, self._times)
        self._references = [alone[join.says] for join in self._joins]

    def play(self, during: Callable[[Stage], None] = lambda stage: None) -> Impact:
        """Plays them while `during` runs in a thread of its own, whose error is raised here."""
        stage = Stage(self._times.room)
        errors: list[BaseException] = []

        def harm() -> None:
            try:
                during(stage)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=harm, name="faults", daemon=True)
        order = load(self._server, self._profile, self._joins, SEED, self._times)

        def listen(message: Message | None) -> None:
            if isinstance(message, Joined) and not thread.ident:
                stage.began = time.perf_counter()
                thread.start()
            stage.hear(message)

        seen = observe(self._server, order, self._times, listen)
        thread.join(_LONGEST_S)
        if errors or thread.is_alive():
            raise (
                errors[0]
                if errors
                else ClusterError(f"a failure was not over {_LONGEST_S:.0f} s after the rooms")
            )
        return assess(seen, self._references, tuple(stage.faults))


def server(cluster: LocalCluster, tenant: str) -> Server:
    """The cluster's gateway as `perf rooms` takes it, with a token for `tenant`."""
    file = cluster.folder / f"token-{tenant}"
    write_with_mode(file, cluster.token(tenant, lifetime_s=12 * 3600).encode(), 0o600)
    return Server(cluster.url, None, str(file), str(cluster.ca))
