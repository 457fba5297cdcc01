"""Does a running server still answer? Every model is asked a small real question, again and again."""

import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from server import counters
from server.answers import NonsenseError
from server.canary import CHANNEL, Question
from server.counters import Counts
from server.errors import reason_of
from server.repository import Model

ASK_S = 4.0
"""From one question to the next while nobody else is served, which costs CPU nobody needs, ..."""
SPARE_S = 9.0
"""... while others are served, who need it, ..."""
DOUBT_S = 1.0
"""... and once it has failed somebody."""
CLEAN = 5
"""Rounds of questions without an error until a model that failed counts as well: a dead process among others
is met now and then only."""
PATIENCE_S = 4.0
"""Without an answer for so long, a model hangs if it answers nobody else either ..."""
STUCK_S = 6.0
"""... and after so long if nothing waits in its queue: one instance of several holds the question then."""
GIVE_UP_S = 30.0
SERVER_S = 2.0
"""Triton itself, which computes nothing for the answer, hangs when it has said nothing for so long."""
STALE_S = 15.0
LIVE_S = 60.0
_LOOK_S = 0.5
OVERLOADED = "overloaded"
"""How models mark what they say when they are busy, see serving_common.error_codes; a test compares."""
_MARK = re.compile(r"(?:in ensemble '[^']{1,200}', ){0,9}\[(\w+)\] ")


@dataclass
class Target:
    """A model that is asked. parts: whose queues its requests wait in. at_once: one for each instance."""

    question: Question
    parts: tuple[str, ...]
    at_once: int
    wrong: str = "has not answered yet"
    answered: float = field(default_factory=time.monotonic)
    """When it was last known to be well, on the monotonic clock."""
    seconds: float = 0.0
    """What its last answer took."""
    failures: int = 0
    """How often it answered with an error, or not in time."""

    @property
    def name(self) -> str:
        """Of the model."""
        return self.question.model.name

    def counts(self, of: Mapping[str, Counts]) -> Counts:
        """What it has answered itself, and what failed and waits in its parts."""
        parts = [of.get(part, Counts()) for part in self.parts]
        answered = of.get(self.name, Counts()).answered
        return Counts(answered, sum(part.failed for part in parts), sum(part.waiting for part in parts))


class HealthMonitor:
    """Follows the server at `address` until `stop()`.

    An ensemble is asked in place of its steps. As many questions are asked at once as any of its steps has
    instances: Triton gives them to those that have worked least, so each process is seen. One that is refused
    for overload counts as answered, and so does one that waits because others are served first.

    metrics: URL of Triton's metrics. trouble: says in one sentence what else is known to be wrong, "" if
    nothing is. out_of_service: models that are not loaded again for now, see `StubSupervisor`.
    """

    def __init__(
        self,
        address: str,
        models: Mapping[str, Model],
        metrics: str,
        trouble: Callable[[], str] = str,
        out_of_service: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._address = address
        self._metrics = metrics
        self._counts: Mapping[str, Counts] = {}
        self._trouble = trouble
        self.out_of_service = out_of_service
        self.targets = targets(models)
        self._refuses = ""
        self._heard = self._well = time.monotonic()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        for target in self.targets:
            self._threads.append(threading.Thread(target=self._follow, args=(target,), daemon=True))

    def start(self) -> None:
        """Begins to ask."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Asks no more."""
        self._stopped.set()

    def wrong(self, name: str = "") -> str:
        """Why requests should not come here, in one sentence; "" when they should.

        name: of a model that is asked by itself: then whatever is wrong with others only is left out.
        """
        now = time.monotonic()
        if trouble := self._trouble():
            return trouble
        if self._refuses:
            return self._refuses
        if now - self._heard > SERVER_S:
            return f"Triton has not answered for {now - self._heard:.0f} s"
        alone = [target for target in self.targets if target.name == name]
        for target in alone or self.targets:
            if target.wrong:
                return f"model '{target.name}' {target.wrong}"
            if now - target.answered > STALE_S:
                return f"model '{target.name}' was last heard of {STALE_S:.0f} s ago"
        return ""

    def live(self) -> bool:
        """Whether all was well within LIVE_S; what is not by then will not be without a restart.

        Where a model is out of service it is enough that something is well: a restart would end that.
        """
        return time.monotonic() - self._well <= LIVE_S

    def _listen(self) -> None:
        """Asks Triton itself, reads its counters, and notes when all was well."""
        with InferenceServerClient(self._address, channel_args=CHANNEL) as client:
            while not self._stopped.wait(_LOOK_S):
                self._counts = counters.read(self._metrics) or self._counts
                try:
                    ready = client.is_server_ready(client_timeout=SERVER_S)
                except InferenceServerException as error:
                    if "DEADLINE_EXCEEDED" not in str(error.status()):
                        self._refuses = f"Triton can't be reached: {error.message()}"
                    continue
                self._refuses = "" if ready else "Triton says that it is not ready"
                self._heard = time.monotonic()
                parts = [target.name for target in self.targets] if self.out_of_service() else [""]
                if not all(self.wrong(part) for part in parts):
                    self._well = time.monotonic()

    def _follow(self, target: Target) -> None:
        """Asks one model for ever."""
        clients = [InferenceServerClient(self._address, channel_args=CHANNEL) for _ in range(target.at_once)]
        pool = ThreadPoolExecutor(target.at_once, thread_name_prefix=target.name)
        clean = CLEAN
        while not self._stopped.is_set():
            asked = [pool.submit(target.question.ask, client, GIVE_UP_S) for client in clients]
            wrong = self._wait(target, asked)
            clean = 0 if wrong else clean + 1
            if wrong or clean >= CLEAN:
                target.wrong = wrong
            self._pause(target)
        pool.shutdown(wait=False)
        for client in clients:
            client.close()

    def _wait(self, target: Target, asked: list[Future[None]]) -> str:
        """What is wrong once every question is answered or one has failed; meanwhile `target` says it."""
        began = moved = idle = time.monotonic()
        before = target.counts(self._counts)
        late = gave_up = False
        waiting = set(asked)
        while not self._stopped.is_set():
            done, waiting = wait(waiting, _LOOK_S, FIRST_COMPLETED)
            now = time.monotonic()
            if wrong := next(filter(None, map(_failure, done)), ""):
                target.failures += 1
                return wrong
            gave_up = gave_up or any(map(_gave_up, done))
            if not waiting:
                if late and gave_up:
                    break
                target.answered, target.seconds = now, now - began
                return ""
            ours = len(asked) - len(waiting)
            counts = target.counts(self._counts)
            moved = now if counts.answered > before.answered + ours else moved
            idle = now if counts.waiting else idle
            before = Counts(max(counts.answered - ours, before.answered))
            if now - moved > PATIENCE_S or now - idle > STUCK_S:
                target.failures += not late
                late = True
                target.wrong = f"has not answered for {now - began:.0f} s"
            else:
                target.answered = now
        return target.wrong

    def _pause(self, target: Target) -> None:
        """Until it is time to ask again."""
        began, before = time.monotonic(), target.counts(self._counts)
        while not self._stopped.wait(_LOOK_S):
            counts, passed_s = target.counts(self._counts), time.monotonic() - began
            in_doubt = target.wrong or counts.failed > before.failed
            served = counts.answered > before.answered + target.at_once  # our own may be counted late
            if passed_s >= (DOUBT_S if in_doubt else SPARE_S if served else ASK_S):
                return


def targets(models: Mapping[str, Model]) -> list[Target]:
    """What to ask of a server with `models`."""
    steps = {name for model in models.values() if model.is_ensemble for name in model.requires}
    return [
        Target(Question(model, models), parts, max(instances(models[part]) for part in parts))
        for name, model in models.items()
        if name not in steps
        for parts in [tuple(_parts(model, models))]
    ]


def instances(model: Model) -> int:
    """How many processes a model has; one by default, and of a kind that counts GPUs one on each of one."""
    return sum(max(1, group.count) for group in model.config.instance_group) or 1


def _parts(model: Model, models: Mapping[str, Model]) -> list[str]:
    if not model.is_ensemble:
        return [model.name]
    steps = [step.model_name for step in model.config.ensemble_scheduling.step]
    return [part for name in steps for part in _parts(models[name], models)]


def _failure(asked: Future[None]) -> str:
    """What an answer says of the model: "" for one that is an answer, or a refusal of one who is busy."""
    error = asked.exception()
    if error is None or _gave_up(asked):
        return ""
    if isinstance(error, NonsenseError):
        return f"answers nonsense: {error}"
    if not isinstance(error, InferenceServerException):
        return f"answers with an error: {reason_of(str(error))}"
    return "" if _is_busy(error) else f"answers with an error: {reason_of(error.message())}"


def _is_busy(error: InferenceServerException) -> bool:
    """Whether who answers with it is busy, and not broken: by a model's mark, or else by Triton's status."""
    if mark := _MARK.match(error.message()):
        return bool(mark[1] == OVERLOADED)
    return bool(error.status() == "StatusCode.UNAVAILABLE")


def _gave_up(asked: Future[None]) -> bool:
    """Whether no answer came within GIVE_UP_S, which says nothing of a model that has others to serve."""
    error = asked.exception()
    return isinstance(error, InferenceServerException) and "DEADLINE_EXCEEDED" in str(error.status())
