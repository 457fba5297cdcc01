"""Voices and dictionaries in the few files that `tts` loads."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from exporters.errors import ExportError
from exporters.kokoro.sources import DICTIONARY, LANGUAGES, SPELLING, VOCABULARY, VOICES

STYLE = 256


def pack_voices(source: Path, folder: Path) -> list[Path]:
    """voices.safetensors with a style [510,256] by name, voices.json with what each voice is."""
    styles, listed = {}, {}
    for name in VOICES.files:
        voice = Path(name).stem
        style = np.fromfile(source / name, np.float32).reshape(-1, STYLE)
        if not np.isfinite(style).all():
            raise ExportError(f"voice {voice} has styles that are not finite")
        styles[voice] = style
        listed[voice] = {
            "language": LANGUAGES[voice[0]],
            "gender": "female" if voice[1] == "f" else "male",
            "license": VOICES.license,
        }
    save_file(styles, folder / "voices.safetensors")
    return [folder / "voices.safetensors", _write(folder / "voices.json", listed)]


def pack_english(source: Path, folder: Path) -> list[Path]:
    """english.json: readings by word, those that were checked before those that were made by rules."""
    gold, silver = (json.loads((source / name).read_bytes()) for name in DICTIONARY.files)
    return [_write(folder / "english.json", silver | gold)]


def pack_spelling(source: Path, folder: Path) -> list[Path]:
    """spelling.safetensors: the network for words that no dictionary has."""
    (name,) = SPELLING.files
    with np.load(source / name) as weights:
        save_file(
            {key: weights[key].astype(np.float32) for key in weights.files}, folder / "spelling.safetensors"
        )
    return [folder / "spelling.safetensors"]


def pack_vocabulary(source: Path, folder: Path) -> list[Path]:
    """vocabulary.json: the number of each phoneme."""
    (name,) = VOCABULARY.files
    return [_write(folder / "vocabulary.json", json.loads((source / name).read_bytes())["vocab"])]


def _write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    return path
