"""What the decoder must know of a tokenizer: special tokens, languages, tokens it never writes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tokenizers import Tokenizer

from exporters.contract import Job
from exporters.errors import ExportError
from exporters.whisper.checkpoint import Checkpoint
from exporters.whisper.weights import BASE, TINY_ENGLISH, locate

MULTILINGUAL = 51865
"""Size of the smallest multilingual vocabulary; English-only checkpoints have one token less."""
_BYTES = 256
"""Tokens that stand for single bytes; they come first."""
TIMESTAMPS = 1501
"""Time tokens that end every vocabulary: 0.00 to 30.00 s in steps of 0.02 s."""


@dataclass(frozen=True)
class Vocabulary:
    """Token ids of one Whisper tokenizer; written beside the decoder as vocabulary.json.

    `languages` runs over the ids of the language tokens, whose codes are `codes`, in that order; both are
    empty for an English-only checkpoint. `prompt` is what follows the start token and a language.
    """

    start: int
    end: int
    no_speech: int
    prompt: tuple[int, ...]
    first_language: int
    codes: tuple[str, ...]
    suppress: tuple[int, ...]
    begin_suppress: tuple[int, ...]

    @property
    def languages(self) -> range:
        """Ids of the language tokens."""
        return range(self.first_language, self.first_language + len(self.codes))

    def to_json(self) -> str:
        """The vocabulary as a JSON object."""
        return json.dumps(asdict(self))


def complete(checkpoint: Checkpoint, job: Job) -> tuple[str, Vocabulary]:
    """The tokenizer.json and vocabulary of a checkpoint; what its format lacks comes from default weights.

    OpenAI's own files carry neither a tokenizer nor the tokens to suppress, and share two vocabularies.
    """
    size = checkpoint.size.vocabulary
    alike = BASE if size >= MULTILINGUAL else TINY_ENGLISH
    if checkpoint.tokenizer is None and checkpoint.source != "OpenAI":
        raise ExportError(
            f"{job.options.checkpoint}: there is no tokenizer.json, and another's would write other words. "
            "Put the one it was trained with beside it; of vocab.json and merges.txt transformers makes it: "
            'WhisperTokenizerFast.from_pretrained("FOLDER").save_pretrained("FOLDER")'
        )
    tokenizer = checkpoint.tokenizer or locate(job, alike, alike.tokenizer)
    suppress, begin = checkpoint.suppress, checkpoint.begin_suppress
    if suppress is None or begin is None:
        config = json.loads(locate(job, alike, alike.config).read_text())
        suppress = suppress or tuple(config["suppress_ids"])
        begin = begin or tuple(config["suppress_ids_begin"])
    return mended(tokenizer), read_vocabulary(tokenizer, size, suppress, begin)


def mended(tokenizer: Path) -> str:
    """The text of a tokenizer.json, with its first merge put back where a conversion lost it.

    Some converters take the first line of merges.txt for a header. Then "Ġ t" is missing, and every word that
    begins with t is encoded in pieces that no Whisper was trained on. Merge i makes token 256 + i.
    """
    content = json.loads(tokenizer.read_text(encoding="utf-8"))
    model = content.get("model", {})
    merges, vocabulary = model.get("merges", []), model.get("vocab", {})
    made = ["".join(merge.split(" ") if isinstance(merge, str) else merge) for merge in merges]
    by_id = sorted(vocabulary, key=lambda token: int(vocabulary[token]))
    first = by_id[_BYTES] if len(by_id) > _BYTES else ""
    if made and len(first) == 2 and made == by_id[_BYTES + 1 : _BYTES + 1 + len(made)]:
        model["merges"] = [" ".join(first) if isinstance(merges[0], str) else list(first), *merges]
    return json.dumps(content, ensure_ascii=False)


def read_vocabulary(
    tokenizer: Path, size: int, suppress: tuple[int, ...], begin_suppress: tuple[int, ...]
) -> Vocabulary:
    """Derive the special ids from a tokenizer.json that goes with a checkpoint of `size` tokens.

    Raises:
        ExportError: a special token is missing or the tokenizer belongs to another vocabulary.
    """
    loaded = Tokenizer.from_file(str(tokenizer))

    def special(name: str, *others: str) -> int:
        for candidate in (name, *others):
            found = loaded.token_to_id(f"<|{candidate}|>")
            if found is not None:
                return int(found)
        raise ExportError(f"{tokenizer}: has no token <|{name}|>; it is not a Whisper tokenizer")

    start, end, translate = special("startoftranscript"), special("endoftext"), special("translate")
    no_timestamps = special("notimestamps")
    multilingual = size >= MULTILINGUAL
    codes = [str(loaded.id_to_token(i))[2:-2] for i in range(start + 1, translate)] if multilingual else []
    if no_timestamps + 1 + TIMESTAMPS != size:
        raise ExportError(
            f"{tokenizer}: made for {no_timestamps + 1 + TIMESTAMPS} tokens, the checkpoint has {size}; "
            "put the tokenizer.json of the same checkpoint beside it"
        )
    never = set(suppress) | set(range(start, size)) - {end}
    return Vocabulary(
        start=start,
        end=end,
        no_speech=special("nospeech", "nocaptions"),
        prompt=(special("transcribe"), no_timestamps) if multilingual else (no_timestamps,),
        first_language=start + 1,
        codes=tuple(codes),
        suppress=tuple(sorted(never)),
        begin_suppress=begin_suppress,
    )
