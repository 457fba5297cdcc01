"""Does a running server still answer? Every model is asked a small real question, again and again."""

import re
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from server.canary import CHANNEL, Question
from server.errors import reason_of
from server.repository import Model

ASK_S = 2.0
"""From an answer to the next question."""
AGAIN_S = 0.5
"""The same after an error."""
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
OVERLOAD = re.compile(
    r"maximum queue size|overload|rooms are open|send no faster|too many (rooms|requests|sequences)",
    re.IGNORECASE,
)
"""Who says so is busy and not broken; as the client reads it."""
_COUNTER = re.compile(
    r'^nv_inference_(request_success|pending_request_count)\{.*?model="([^"]+)".*\} (\S+)$', re.MULTILINE
)


@dataclass
class Target:
    """A model that is asked. parts: whose queues its requests wait in. at_once: one for each instance."""

    question: Question
    parts: tuple[str, ...]
    at_once: int
    wrong: str = "has not answered yet"
    answered: float = field(default_factory=time.monotonic)
    """When it was last known to be well, on the monotonic clock."""


class Pulse:
    """Follows the server at `address` until `stop()`.

    An ensemble is asked in place of its steps. As many questions are asked at once as any of its steps has
    instances: Triton gives them to those that have worked least, so each process is seen. One that is refused
    for overload counts as answered, and so does one that waits because others are served first.

    metrics: URL of Triton's metrics. trouble: says in one sentence what else is known to be wrong, "" if
    nothing is.
    """

    def __init__(
        self, address: str, models: Mapping[str, Model], metrics: str, trouble: Callable[[], str] = str
    ) -> None:
        self._address = address
        self._metrics = metrics
        self._trouble = trouble
        self._targets = targets(models)
        self._heard = self._well = time.monotonic()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        for target in self._targets:
            self._threads.append(threading.Thread(target=self._follow, args=(target,), daemon=True))

    def start(self) -> None:
        """Begins to ask."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Asks no more."""
        self._stopped.set()

    def wrong(self) -> str:
        """Why requests should not come here, in one sentence; "" when they should."""
        now = time.monotonic()
        if trouble := self._trouble():
            return trouble
        if now - self._heard > SERVER_S:
            return f"Triton has not answered for {now - self._heard:.0f} s"
        for target in self._targets:
            if target.wrong:
                return f"model '{target.question.model.name}' {target.wrong}"
            if now - target.answered > STALE_S:
                return f"model '{target.question.model.name}' was last heard of {STALE_S:.0f} s ago"
        return ""

    def live(self) -> bool:
        """Whether all was well within LIVE_S; what is not by then will not be without a restart."""
        return time.monotonic() - self._well <= LIVE_S

    def _listen(self) -> None:
        """Asks Triton itself, and notes when all was well."""
        with InferenceServerClient(self._address, channel_args=CHANNEL) as client:
            while not self._stopped.wait(_LOOK_S):
                try:
                    if client.is_server_ready(client_timeout=SERVER_S):
                        self._heard = time.monotonic()
                except InferenceServerException:
                    continue
                if not self.wrong():
                    self._well = time.monotonic()

    def _follow(self, target: Target) -> None:
        """Asks one model for ever."""
        clients = [InferenceServerClient(self._address, channel_args=CHANNEL) for _ in range(target.at_once)]
        pool = ThreadPoolExecutor(target.at_once, thread_name_prefix=target.question.model.name)
        pause_s = 0.0
        while not self._stopped.wait(pause_s):
            asked = [pool.submit(target.question.ask, client, GIVE_UP_S) for client in clients]
            target.wrong = self._wait(target, asked)
            pause_s = AGAIN_S if target.wrong else ASK_S
        pool.shutdown(wait=False)
        for client in clients:
            client.close()

    def _wait(self, target: Target, asked: list[Future[None]]) -> str:
        """What is wrong once every question is answered or one has failed; meanwhile `target` says it."""
        began = moved = idle = time.monotonic()
        before: int | None = None
        while not self._stopped.is_set():
            done, waiting = wait(asked, _LOOK_S, FIRST_EXCEPTION)
            now = time.monotonic()
            if wrong := next(filter(None, map(_failure, done)), ""):
                return wrong
            if not waiting:
                target.answered = now
                return ""
            served, queued = self._others(target, len(done))
            moved = now if before is not None and served > before else moved
            idle = now if queued else idle
            before = served
            if now - moved > PATIENCE_S or now - idle > STUCK_S:
                target.wrong = f"has not answered for {now - began:.0f} s"
            else:
                target.answered = now
        return target.wrong

    def _others(self, target: Target, ours: int) -> tuple[int, int]:
        """How many requests of others the model has answered, and how many wait; 0 where nobody says."""
        try:
            with urllib.request.urlopen(self._metrics, timeout=1) as response:  # noqa: S310 our own URL
                page = response.read().decode()
        except OSError:
            return 0, 0
        counts: dict[tuple[str, str], float] = {}
        for name, model, value in _COUNTER.findall(page):
            counts[name, model] = counts.get((name, model), 0) + float(value)
        served = counts.get(("request_success", target.question.model.name), 0)
        waiting = sum(counts.get(("pending_request_count", part), 0) for part in target.parts)
        return int(served) - ours, int(waiting)


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
    if error is None:
        return ""
    said = error.message() if isinstance(error, InferenceServerException) else str(error)
    return "" if OVERLOAD.search(said) else f"answers with an error: {reason_of(said)}"
