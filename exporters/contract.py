"""What the author of a model family writes: an :class:`Exporter`, and the small types it speaks in."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from tooling.progress import Progress
from tooling.sources import Library, Source

Gate = Literal["parity", "accuracy"]
Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Weights(Source):
    """A package that trained weights come from, and what is known of the data they were trained on."""

    training_data: str


@dataclass(frozen=True)
class Profile:
    """The shapes of one input: TensorRT's optimization profile, and what the server takes.

    multiples: what the sides are multiples of, where one has to be (1 for the others).
    """

    smallest: Shape
    usual: Shape
    largest: Shape
    multiples: Shape = ()


@dataclass(frozen=True)
class Options:
    """What the user may choose. An exporter gets only what it declares to take; ``None`` is its default."""

    checkpoint: Path | None = None
    precision: str | None = None
    variant: str | None = None
    allow_poor: bool = False
    """Whether to take weights that are of no use on the task's data: see :attr:`Measurement.bound`."""

    def record(self) -> dict[str, str | None]:
        """The options as they are kept in a manifest."""
        return {name: str(value) if value else None for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Artifact:
    """A file for ``model_repository/<model>/1/``, installed under the name it was built with.

    ``model.onnx`` is the graph Triton itself serves, so it is checked against the model's ``config.pbtxt``;
    every ``*.onnx`` is tried for soundness in a shape of its ``profiles`` (by input name), and linted for
    TensorRT together with them, unless ``tensorrt`` is false: the graph is for ONNX Runtime on CPU only, and
    the GPU gets another one.
    """

    model: str
    path: Path
    precision: str = ""
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    tensorrt: bool = True


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One number a gate looks at. It passes when ``value <= limit`` (``>=`` with ``higher_is_better``).

    Rates are in percent, with the unit " %".
    """

    gate: Gate
    name: str
    value: float
    limit: float | None
    precision: str = "fp32"
    unit: str = ""
    higher_is_better: bool = False
    bound: float | None = None
    """Past it the model is of no use, whatever it is compared with. Unlike a limit the user may waive it."""
    data: str = ""
    """What it was measured on."""

    @property
    def passed(self) -> bool:
        """Whether the limit, if there is one, is kept; what is not finite never passes."""
        return math.isfinite(self.value) and self._keeps(self.limit)

    @property
    def useful(self) -> bool:
        """Whether the bound, if there is one, is kept."""
        return self._keeps(self.bound)

    def _keeps(self, limit: float | None) -> bool:
        if limit is None:
            return True
        return self.value >= limit if self.higher_is_better else self.value <= limit

    def record(self) -> dict[str, str | float | bool | None]:
        """The measurement as it is kept in a manifest."""
        return {**asdict(self), "passed": self.passed}


@dataclass(frozen=True)
class Build:
    """What ``Exporter.build`` gives: the files, and a function that measures them after the cheap gates."""

    artifacts: tuple[Artifact, ...]
    measure: Callable[[], Iterable[Measurement]]


@dataclass(frozen=True)
class Job:
    """What ``Exporter.build`` gets: the options, a folder to build in, and the verified sources."""

    options: Options
    work: Path
    library: Library

    @property
    def progress(self) -> Progress:
        """Where to show steps that take more than two seconds."""
        return self.library.progress

    def file(self, source: Source, name: str) -> Path:
        """The path of one verified file of a source."""
        return self.library.path(source, name)

    def folder(self, model: str) -> Path:
        """A folder to build ``model``'s files in (two models may have files of the same name)."""
        path = self.work / model
        path.mkdir(parents=True, exist_ok=True)
        return path


class Exporter(ABC):
    """A model family: where its weights come from, the Triton models it fills, and how they are built."""

    name: ClassVar[str]
    summary: ClassVar[str]
    models: ClassVar[tuple[str, ...]]
    """Folders of the model repository it writes ``1/`` of."""
    variants: ClassVar[tuple[str, ...]] = ()
    """What ``--variant`` may be; the first is the default."""
    precisions: ClassVar[tuple[str, ...]] = ("fp32",)
    """What ``--precision`` may be; the first is the default."""
    checkpoint: ClassVar[str] = ""
    """What ``--checkpoint`` takes, in words ("a Hugging Face folder, ..."); empty if it takes none."""
    formats: ClassVar[tuple[str, ...]] = ()
    """Suffixes of such files, "" for a folder: they tell whose a checkpoint is where several families are
    asked for."""
    brought: ClassVar[bool] = False
    """Whether it has weights only from ``--checkpoint``."""
    evaluation: ClassVar[tuple[Source, ...]] = ()
    """Data its gates measure on."""
    shared: ClassVar[tuple[str, ...]] = ()
    """Paths of modules and packages it shares with other families: their change outdates it too."""
    group_fairness: ClassVar[str] = "not applicable: says nothing about who a person is"
    """How the model differs between groups of people as far as that is known; it is kept in the manifest."""

    def may_read(self, checkpoint: Path) -> bool:
        """Whether ``checkpoint`` looks like one of this family, by its name alone."""
        return ("" if checkpoint.is_dir() else checkpoint.suffix.lower()) in self.formats

    def lacks_weights(self, options: Options) -> bool:
        """Whether there are none, as nobody has brought a checkpoint."""
        return self.brought and options.checkpoint is None

    @abstractmethod
    def sources(self, options: Options) -> tuple[Weights, ...]:
        """The packages the weights come from; usually none when there is ``options.checkpoint``."""

    @abstractmethod
    def build(self, job: Job) -> Build:
        """Make the files; an :class:`~exporters.errors.ExportError` should say in one sentence what to do."""
