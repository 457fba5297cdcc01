"""Real speech with transcripts, out of ordinary packages: what parity and accuracy are measured on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from tooling.sources import Library, Source

SAMPLE_RATE = 16_000

_LIBRIVOX = "test/data/librivox"
_AUDIOEVAL = "pytest_audioeval/samples/audio"
_MOONSHINE = "moonshine_voice/assets"
_TRANSCRIPTS = Path(__file__).parent / "transcripts"

POCKETSPHINX = Source(
    package="pocketsphinx",
    version="5.1.1",
    license="BSD-2-Clause (package); public domain by LibriVox's terms (recordings)",
    origin="LibriVox, Jane Austen, Sense and Sensibility, chapter 1",
    size=34_158_862,
    archive_sha256="675778b309a22dfc9b7d37f7621976bba491d2a5f8c59696bd77fd6d07271355",
    files={
        f"{_LIBRIVOX}/transcription": "4cc29e04a6dcd29242893b3ee20470e50b6ace45f4387bb619e5218145c66f99",
        **{
            f"{_LIBRIVOX}/sense_and_sensibility_01_austen_64kb-{clip}.wav": digest
            for clip, digest in (
                ("0870", "b0557cf95c974d930577e58e46b7f068c432a6e3afcc286563d88922b2a5315c"),
                ("0880", "fbec491ef00ee734a67f0ee318e98c51c157b479e1629ff4f4426861ecac0414"),
                ("0890", "5793ffbdee55fb8bfd284943a6866864c832d9d4accf2661cabd39915c84ee10"),
                ("0920", "40882414ef4cc51f3ff7a63bad0c8c87e7f595ffeb8209fbf756c8ebc5c28a59"),
                ("0930", "954adbf0b56ac8a148cbe77b39ca18d76b5f2a1e1f405565bd786ce3e68a68b7"),
            )
        },
    },
)

AUDIOEVAL = Source(
    package="pytest-audioeval",
    version="0.1.3",
    license="MIT",
    origin="samples of the pytest-audioeval package, probably synthetic voices",
    size=3_959_807,
    files={
        f"{_AUDIOEVAL}/{name}": digest
        for name, digest in (
            ("zh/jishu.wav", "8c150057c49d9f52fa0125df8159912258cc83cb644b49569b142442c9e84658"),
            ("zh/jishu.txt", "c85bb297fe3ada536f1e57ce2fc744e8381c36d8b0d3480385ae1276dbb8618d"),
            ("zh/nihao_shijie.wav", "1cd088849752b45c515d258fac9370448a74eca802feece0e484bca6327280a0"),
            ("zh/nihao_shijie.txt", "7ac37054e116b5eeb3c8da4f3b6c19922fb2df68ea879b57bc746a64f9b554a0"),
            ("zh/pangrama.wav", "b7d55e74f50d39226624506eef308be97553af66cee6334b4df1fba675ce2cc6"),
            ("zh/pangrama.txt", "9bdb3d8ba4f20e235bfa324a8304d1b89b2547f2f71fe8830eefba45189cda17"),
            ("en/counting.wav", "2b69b8f7894de9774e7433db6bfa1874944e25ed806826c507bed27b9e69fe15"),
            ("en/counting.txt", "0ebcf955e872b31b95b748d39aa0e6188fb79812173442193f2f155dd2eb0b0c"),
            ("en/hello_world.wav", "264c92e881fcc3bb7585ff666d129095fb5717c2cc333d10f253a34186be78ac"),
            ("en/hello_world.txt", "aa3ec16e6acc809d8b2818662276256abfd2f1b441cb51574933f3d4bd115d11"),
            ("en/quick_brown_fox.wav", "adc24a9b99267932370842f0d5be866dc2cd09e65af9762469c198493e36870b"),
            ("en/quick_brown_fox.txt", "ef537f25c895bfa782526529a9b63d97aa631564d5d789c2b765448c8635fb6c"),
        )
    },
)

MOONSHINE = Source(
    package="moonshine-voice",
    version="0.1.5",
    license="MIT (package); the recordings' own terms are not stated",
    origin="readings of Dickens, A Tale of Two Cities, and of Beckett",
    size=19_897_307,
    platform="manylinux_2_34_x86_64",
    files={
        f"{_MOONSHINE}/two_cities.wav": "f3348494d77cb74a02862f5e685ed09faf3e75832c5cc5c80703282c2cd8b52e",
        f"{_MOONSHINE}/beckett.wav": "e5a26b3d29e5b0bc8dbd72c11d16a3808a4ec0ac45b21f12a27d2a2fe5c5ae61",
    },
)

SOURCES = (POCKETSPHINX, AUDIOEVAL, MOONSHINE)


@dataclass(frozen=True, eq=False)
class Clip:
    """One recording: float32 mono in [-1, 1] at 16 kHz, with what is said in it."""

    name: str
    audio: NDArray[np.float32]
    text: str
    language: str

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return len(self.audio) / SAMPLE_RATE


def clips(language: str | None = None, library: Library | None = None) -> list[Clip]:
    """Every clip, or those of one language (``en``, ``zh``), fetched if they are not in the cache."""
    library = library or Library()
    readers: Sequence[Callable[[Library], Iterator[Clip]]] = (_librivox, _audioeval, _moonshine)
    found = [clip for reader in readers for clip in reader(library)]
    return [clip for clip in found if language in (None, clip.language)]


def read_audio(path: Path) -> NDArray[np.float32]:
    """A sound file as float32 mono at 16 kHz."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono: NDArray[np.float32] = samples.mean(axis=1)
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE)
    return np.ascontiguousarray(mono, dtype=np.float32)


def _librivox(library: Library) -> Iterator[Clip]:
    folder = library.fetch(POCKETSPHINX) / _LIBRIVOX
    for line in (folder / "transcription").read_text().splitlines():
        # "<s> he was not an ill disposed young man </s> (sense_and_..._64kb-0880)"
        text, _, name = line.replace("<s>", "").replace("</s>", "").rpartition("(")
        name = name.rstrip(") ")
        yield Clip(f"librivox-{name[-4:]}", read_audio(folder / f"{name}.wav"), text.strip(), "en")


def _audioeval(library: Library) -> Iterator[Clip]:
    folder = library.fetch(AUDIOEVAL) / _AUDIOEVAL
    for name in sorted(name for name in AUDIOEVAL.files if name.endswith(".wav")):
        path = folder.parents[2] / name
        text = path.with_suffix(".txt").read_text(encoding="utf-8").strip()
        yield Clip(f"{path.parent.name}-{path.stem}", read_audio(path), text, path.parent.name)


def _moonshine(library: Library) -> Iterator[Clip]:
    folder = library.fetch(MOONSHINE)
    for name in MOONSHINE.files:
        stem = Path(name).stem
        text = (_TRANSCRIPTS / f"{stem}.txt").read_text(encoding="utf-8").strip()
        yield Clip(stem, read_audio(folder / name), text, "en")
