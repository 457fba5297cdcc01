"""Loads models over Triton's repository API, says why one can't be, and makes each answer a first request."""

import json
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from server import canary
from server.errors import ServerError, poll_failure, reason_of
from server.repository import Model, needed, waves

RELOAD_TIMEOUT_S = 120.0
PATIENCE_S = 10.0
"""Seconds for the answer of a model that may have lost what it needs."""


class Loader:
    """Loads `models` into the Triton at `address`, whose log is `log`; `headers` open its repository API."""

    def __init__(
        self, address: str, models: Mapping[str, Model], log: Path, headers: Mapping[str, str]
    ) -> None:
        self._address = address
        self._headers = dict(headers)
        self._models = dict(models)
        self._log = log

    def load_all(self, deadline: float, progress: Callable[[str], None]) -> None:
        """Loads every model, independent ones at once, and asks each for a first answer.

        `deadline` is on the monotonic clock.

        Raises:
            ServerError: a model fails; it tells of the first.
        """
        done = 0
        for wave in waves(self._models):
            pool = ThreadPoolExecutor(len(wave))
            waiting = {pool.submit(self._load, model, deadline): model.name for model in wave}
            try:
                for future in as_completed(list(waiting)):
                    del waiting[future]
                    future.result()
                    done += 1
                    rest = f", next {', '.join(waiting.values())}" if waiting else ""
                    progress(f"loaded {done} of {len(self._models)} models{rest}")
            finally:
                pool.shutdown(wait=False)  # when one fails the others end with the server
            for model in wave:
                progress(f"waiting for the first answer of {model.name}")
                self._probe(model.name, deadline)

    def is_serving(self, name: str) -> bool:
        """Whether Triton counts the model as loaded, dead or alive."""
        with InferenceServerClient(self._address, channel_args=canary.CHANNEL) as client:
            try:
                return bool(client.is_model_ready(name))
            except InferenceServerException:
                return False

    def reload(self, names: Collection[str]) -> None:
        """Loads models whose processes died once more, in their place: ensembles over them stay.

        Raises:
            ServerError: one can't be loaded; it tells of the first.
        """
        deadline = time.monotonic() + RELOAD_TIMEOUT_S
        for name in [model for model in self._models if model in names]:  # what others require comes first
            self._load(self._models[name], deadline, again=True)

    def check(self, names: Collection[str], missing: Collection[str] = ()) -> None:
        """Asks models, or the ensembles over them; not those that need one of `missing`.

        Raises:
            ServerError: one does not answer; it tells of the first.
        """
        deadline = time.monotonic() + RELOAD_TIMEOUT_S
        needy = {name for name in self._models if not needed(self._models, name).isdisjoint(missing)}
        for model in list(self._models.values()):
            if model.name in needy:
                continue
            if model.name in names or (model.is_ensemble and not set(names).isdisjoint(model.requires)):
                self._probe(model.name, deadline)

    def asked(self) -> tuple[list[str], list[str]]:
        """Asks the public models, or those that no other one requires: which answer, and which do not."""
        required = {name for model in self._models.values() for name in model.requires}
        public = {name for name, model in self._models.items() if model.is_public}
        answering: list[str] = []
        failing: list[str] = []
        for name in public or self._models.keys() - required:
            try:
                canary.probe(self._address, self._models[name], self._models, PATIENCE_S)
            except ServerError:
                failing.append(name)
            else:
                answering.append(name)
        return sorted(answering), sorted(failing)

    def _probe(self, name: str, deadline: float) -> None:
        if any(model.is_ensemble and name in model.requires for model in self._models.values()):
            return  # the ensemble's probe goes through this step, with tensors that fit it
        canary.probe(self._address, self._models[name], self._models, max(1.0, deadline - time.monotonic()))

    def _load(self, model: Model, deadline: float, again: bool = False) -> None:
        client = InferenceServerClient(self._address, channel_args=canary.CHANNEL)
        timeout_s = max(1.0, deadline - time.monotonic())
        try:
            config = self._changed(client, model.name) if again else None
            client.load_model(model.name, headers=self._headers, config=config, client_timeout=timeout_s)
            if not model.is_complete:
                config = client.get_model_config(model.name, headers=self._headers).config
                self._models[model.name] = replace(model, config=config)
        except InferenceServerException as error:
            raise ServerError(f"model '{model.name}' {self._explain(model, error, timeout_s)}") from error
        finally:
            client.close()

    def _changed(self, client: InferenceServerClient, name: str) -> str:
        """A loaded model's configuration with another parameter: what is the same is not loaded again."""
        config = client.get_model_config(name, headers=self._headers, as_json=True)["config"]
        config.setdefault("parameters", {})["loaded_again"] = {"string_value": str(time.time_ns())}
        return json.dumps(config)

    def _explain(self, model: Model, error: InferenceServerException, timeout_s: float) -> str:
        report = error.message()
        if "DEADLINE_EXCEEDED" in str(error.status()):
            return f"did not finish loading within {timeout_s:.0f} s: see {self._log}"
        if "failed to poll from model repository" in report:
            reason = poll_failure(self._log, model.name) or "Triton gave no reason"
            return f"has a configuration that Triton refuses: {reason}: correct {model.config_file}"
        reason = reason_of(report)
        if "is not healthy" in reason:
            return (
                f"died while loading: its process ended without an error; its last words are in {self._log}"
            )
        return f"can't be loaded: {reason}"
