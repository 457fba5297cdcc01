"""What a model repository holds: configurations, what depends on what, and which files are not there yet."""

import compileall
import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

from server.errors import ServerError

DEFAULT_FILENAMES = {"onnxruntime": "model.onnx", "python": "model.py", "tensorrt": "model.plan"}
MOST_NICE = 19
ACCESS = ("public", "inner")
"""What the parameter ``access`` may be: for whoever calls the server, or for its other models alone."""
PARAMETERS = ("access", "artifacts", "expect", "niceness", "requires", "store")
"""Those that say what a model is to the world; all others are its backend's, or its own."""


@dataclass(frozen=True)
class Model:
    """One model of the repository as its configuration declares it."""

    name: str
    folder: Path
    config_file: Path
    config: ModelConfig

    @property
    def is_ensemble(self) -> bool:
        """Whether it is a pipeline of other models, without files of its own."""
        return bool(self.config.platform == "ensemble")

    @property
    def decoupled(self) -> bool:
        """Whether it answers with any number of responses, over a stream only."""
        return bool(self.config.model_transaction_policy.decoupled)

    @property
    def requires(self) -> tuple[str, ...]:
        """The models it needs: an ensemble's steps, and what `parameters { key: "requires" ... }` lists."""
        steps = [step.model_name for step in self.config.ensemble_scheduling.step]
        return tuple(dict.fromkeys([*steps, *self.listed("requires")]))

    @property
    def is_public(self) -> bool:
        """Whether clients may call it, as its parameter ``access`` says; without one it is inner.

        Raises:
            ServerError: that is neither.
        """
        said = self.listed("access") or ["inner"]
        if len(said) > 1 or said[0] not in ACCESS:
            raise ServerError(
                f"model '{self.name}': access is '{', '.join(said)}' in {self.config_file}: "
                f"use {' or '.join(ACCESS)}"
            )
        return said[0] == "public"

    @property
    def uses_store(self) -> bool:
        """Whether it shares state with other replicas through the store, as its parameter ``store`` says.

        Raises:
            ServerError: that is anything but "yes".
        """
        said = self.listed("store")
        if said not in ([], ["yes"]):
            value = ", ".join(said)
            raise ServerError(f"model '{self.name}': store is '{value}' in {self.config_file}: use yes")
        return bool(said)

    @property
    def niceness(self) -> int:
        """How far its processes step back on the CPU, 0 to 19, as its parameter says; 0 without.

        Raises:
            ServerError: it says anything else.
        """
        said = self.listed("niceness") or ["0"]
        if len(said) > 1 or not said[0].isdecimal() or int(said[0]) > MOST_NICE:
            value = ", ".join(said)
            raise ServerError(
                f"model '{self.name}': niceness is '{value}' in {self.config_file}: use 0 to {MOST_NICE}"
            )
        return int(said[0])

    @property
    def is_complete(self) -> bool:
        """Whether nothing in its configuration is left for the backend to fill in."""
        tensors = [*self.config.input, *self.config.output]
        return bool(self.config.input and self.config.output) and all(t.data_type and t.dims for t in tensors)

    def missing_file(self) -> Path | None:
        """The first file it needs that is not there: its model file, or one of its `artifacts` parameter.

        Raises:
            OSError: one can't be read.
        """
        if self.is_ensemble:
            return None
        folders = [f for f in self.folder.iterdir() if f.is_dir() and f.name.isdigit() and int(f.name) > 0]
        latest = max(folders, key=lambda folder: int(folder.name), default=self.folder / "1")
        filename = self.config.default_model_filename or DEFAULT_FILENAMES.get(self.config.backend, "")
        needed = [latest / filename, *(latest / name for name in self.listed("artifacts"))]
        for path in needed:
            if not path.exists():
                return path
            path.open("rb").close()  # else only a process of the model would find that it may not
        return None

    def smallest(self) -> dict[str, list[int]]:
        """By input the least dims that the exporter of its graph declares; without those of batches."""
        try:
            manifest = json.loads((self.folder / "1" / "manifest.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        name = self.config.default_model_filename or DEFAULT_FILENAMES.get(self.config.backend, "")
        profiles = manifest.get("files", {}).get(name, {}).get("tensorrt_profiles", {})
        return {tensor: shapes[0][self.config.max_batch_size > 0 :] for tensor, shapes in profiles.items()}

    def listed(self, key: str, separator: str = r"[,\s]") -> list[str]:
        """What a parameter lists between separators, a regular expression; nothing where it is absent."""
        if key not in self.config.parameters:
            return []
        value = self.config.parameters[key].string_value
        return [name.strip() for name in re.split(separator, value) if name.strip()]


@dataclass(frozen=True)
class Repository:
    """A folder of Triton models; `config_name` selects `configs/<config_name>.pbtxt` where there is one."""

    path: Path
    config_name: str | None = None

    def names(self) -> list[str]:
        """Every model folder, sorted."""
        if not self.path.is_dir():
            raise ServerError(
                f"there is no model repository at {self.path}: give its folder with --repository"
            )
        return sorted(f.name for f in self.path.iterdir() if (f / "config.pbtxt").is_file())

    def public(self) -> list[str]:
        """The models that clients may call, sorted."""
        return [name for name in self.names() if self.read(name).is_public]

    def default(self) -> list[str]:
        """What is served where nobody says: the public models, or everything where none is public."""
        return self.public() or self.names()

    def read(self, name: str) -> Model:
        """The model `name`.

        Raises:
            ServerError: there is none or its configuration can't be read.
        """
        folder = self.path / name
        config_file = folder / "config.pbtxt"
        if self.config_name and (folder / "configs" / f"{self.config_name}.pbtxt").is_file():
            config_file = folder / "configs" / f"{self.config_name}.pbtxt"
        if not config_file.is_file():
            there = ", ".join(self.names()) or "none"
            raise ServerError(
                f"no model '{name}' in {self.path}: {config_file} does not exist (there are: {there})"
            )
        try:
            config = text_format.Parse(config_file.read_text(), ModelConfig())
        except text_format.ParseError as error:
            raise ServerError(
                f"model '{name}': {config_file} can't be read: {error}: correct that line"
            ) from error
        model = Model(name, folder, config_file, config)
        _check_names(model)
        return model

    def resolve(self, names: Iterable[str]) -> dict[str, Model]:
        """`names` and all they depend on, dependencies first.

        Raises:
            ServerError: one is unknown, or they require each other in a circle.
        """
        found: dict[str, Model] = {}
        for name in names:
            self._visit(name, found, ())
        return found

    def _visit(self, name: str, found: dict[str, Model], path: tuple[str, ...]) -> None:
        if name in path:
            raise ServerError(f"models require each other in a circle: {' -> '.join([*path, name])}")
        if name in found:
            return
        try:
            model = self.read(name)
        except ServerError as error:
            raise (
                ServerError(f"model '{path[-1]}' requires '{name}': {error}") if path else error
            ) from error
        for required in model.requires:
            self._visit(required, found, (*path, name))
        found[name] = model


def _check_names(model: Model) -> None:
    """See that nothing that Triton would overlook is misspelt.

    Raises:
        ServerError: a parameter is nearly one of `PARAMETERS`, or a sample is for an input that is not there.
    """
    for key in sorted(model.config.parameters):
        near = difflib.get_close_matches(key, PARAMETERS, n=1, cutoff=0.8)
        if near and key != near[0]:
            raise ServerError(
                f"model '{model.name}': parameter '{key}' in {model.config_file}: write '{near[0]}', "
                "or give a parameter of your own another name"
            )
    inputs = sorted(tensor.name for tensor in model.config.input)
    for sample in model.config.model_warmup:
        unknown = sorted(set(sample.inputs) - set(inputs))
        if inputs and unknown:
            raise ServerError(
                f"model '{model.name}': its sample '{sample.name}' in {model.config_file} has "
                f"'{unknown[0]}', which is no input: use {', '.join(inputs)}"
            )


def needed(models: Mapping[str, Model], name: str) -> set[str]:
    """`name`, and all that it requires of `models`, and they."""
    found = {name}
    for required in models[name].requires:
        found |= needed(models, required)
    return found


def check_files(models: Mapping[str, Model]) -> None:
    """See that what models are made of has been exported.

    Raises:
        ServerError: a file is missing; it tells of the first.
    """
    for model in models.values():
        if missing := model.missing_file():
            todo = "write it" if missing.name == "model.py" else f"run: python -m exporters {model.name}"
            raise ServerError(f"model '{model.name}': {missing} does not exist: {todo}")


def compile_modules(models: Mapping[str, Model]) -> None:
    """Compiles the modules of Python models before a stub does it.

    Triton takes a new __pycache__ for a change of the model and loads it again with an ensemble over it.
    """
    for model in models.values():
        if model.config.backend == "python":
            compileall.compile_dir(model.folder, quiet=2)


def waves(models: Mapping[str, Model]) -> Iterator[list[Model]]:
    """Groups of models that can be loaded at the same time, each after all it requires."""
    loaded: set[str] = set()
    waiting = list(models.values())
    while waiting:
        ready = [model for model in waiting if loaded.issuperset(model.requires)]
        yield ready
        loaded.update(model.name for model in ready)
        waiting = [model for model in waiting if model.name not in loaded]
