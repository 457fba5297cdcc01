"""What people give as a Whisper checkpoint and is another thing: each is refused with the way out."""

from pathlib import Path

from exporters.errors import ExportError

_TO_SAFETENSORS = (
    "convert with transformers: WhisperForConditionalGeneration.from_pretrained({source})"
    '.save_pretrained("NEW") and AutoProcessor.from_pretrained("{folder}").save_pretrained("NEW")'
)
_LFS = b"version https://git-lfs"
_FILES = {
    b"lmgg": "a whisper.cpp file (ggml); give the checkpoint that it was converted from",
    b"ggml": "a whisper.cpp file (ggml); give the checkpoint that it was converted from",
    b"GGUF": "a GGUF file; give the checkpoint that it was converted from",
}
_OTHERS = (
    ("pytorch_model*.bin", '"{folder}"'),
    ("tf_model*.h5", '"{folder}", from_tf=True'),
    ("flax_model*.msgpack", '"{folder}", from_flax=True'),
)


def refuse_other_formats(path: Path) -> None:
    """Raise ExportError, with what to do, where ``path`` is a known thing that can't be read."""
    if path.is_dir():
        _refuse_folder(path)
    elif path.suffix == ".safetensors":
        raise ExportError(f"{path}: give its folder, where config.json and tokenizer.json are: {path.parent}")
    elif path.is_file():
        with path.open("rb") as file:
            start = file.read(len(_LFS))
        if start == _LFS:
            raise ExportError(_pointer(path))
        if said := _FILES.get(start[:4]):
            raise ExportError(f"{path}: {said}")


def _refuse_folder(folder: Path) -> None:
    if (folder / "adapter_config.json").is_file() or any(folder.glob("adapter_model.*")):
        raise ExportError(
            f"{folder} is an adapter, a change to another model (adapter_config.json names it). Merge the "
            f'adapter with peft: PeftModel.from_pretrained(BASE, "{folder}").merge_and_unload()'
            '.save_pretrained("NEW"), '
            "put the base's tokenizer.json there, and give NEW"
        )
    weights = [*folder.glob("*.safetensors"), *folder.glob("model.bin")]
    for path in weights:
        with path.open("rb") as file:
            if file.read(len(_LFS)) == _LFS:
                raise ExportError(_pointer(path))
    if not weights:
        for pattern, source in _OTHERS:
            if found := sorted(folder.glob(pattern)):
                way = _TO_SAFETENSORS.format(source=source.format(folder=folder), folder=folder)
                raise ExportError(
                    f"{folder} has {found[0].name}, which is not read here: {way}, and give NEW"
                )
        below = [path.parent for path in sorted(folder.glob("*/*.safetensors"))]
        if below:
            raise ExportError(f"{folder}: no Whisper checkpoint there, but perhaps in {below[0]}: give that")


def _pointer(path: Path) -> str:
    return f"{path} is a pointer of Git LFS and not the file itself: fetch it with git lfs pull"
