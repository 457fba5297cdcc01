"""Triton model `whisper_decoder`: encoder states -> text and language, many requests at a time."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import json
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import triton_python_backend_utils as pb_utils

from serving_common.chinese_script import Script, script_of
from serving_common.error_codes import Code
from serving_common.errors import refusal
from whisper_decoder.decoding import POSITIONS, Decoder, Hypothesis, Request, checked, windows_of
from whisper_decoder.network import Network
from whisper_decoder.punctuation import chinese
from whisper_decoder.vocabulary import Vocabulary

LONGEST_PREFIX = POSITIONS // 2
"""Tokens; Whisper's own bound on what may stand before the text."""
LONGEST_TEXTS = {"language": 1024, "prefix": 4096, "draft": 4096}
"""Bytes. They are read on the thread that decodes for everybody, which takes ten seconds for a megabyte."""
NO_SPEECH = 0.5
"""Above this probability that nobody speaks, a text has to be likely to be believed."""
UNLIKELY = -0.5
"""Average log-probability below which such a text is taken for invented. Silence, hum, tones and noise of
many kinds gave (no speech, log-probability) from (0.54, -2.6) to (0.94, -0.6); speech at its worst (0.61,
-0.06)."""

SILENT, ABSURD = 0.85, -1.5
"""Above the one probability, and below the other log-probability, no text is believed: 20 s of silence are a
likely "you" (0.94, -0.4), chords "I'm" (0.1, -2.6). Noisy speech reached (0.77, -0.4) and (0.3, -1.44)."""


class _Item(NamedTuple):
    """A clip: its windows, none where nobody speaks, and how Chinese in its text is to be written."""

    windows: list[Request]
    script: Script
    prefix: str


_Call = tuple["pb_utils.InferenceResponseSender", list[_Item]]


class TritonPythonModel:
    """One instance: a decoder session and its vocabulary."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load what the exporter wrote into this version's folder."""
        config = json.loads(args["model_config"])
        folder = Path(args["model_repository"]) / args["model_version"]
        self._most = int(config["max_batch_size"])
        self._vocabulary = Vocabulary(folder)
        threads = int(config["parameters"]["intra_op_thread_count"]["string_value"])
        gpu = int(args["model_instance_device_id"]) if args["model_instance_kind"] == "GPU" else None
        network = Network(folder, threads, gpu)
        self._decoder, self._width = Decoder(network, self._vocabulary), network.width

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> None:
        """Answers what is alike together, as soon as it is decoded; a bad request fails alone."""
        alike: defaultdict[tuple[int, ...], list[_Call]] = defaultdict(list)
        for request in requests:
            sender = request.get_response_sender()
            try:
                items = self._parse(request)
            except ValueError as error:
                _send(sender, refusal(Code.INVALID_INPUT, str(error)))
                continue
            shapes = [window.states.shape for item in items for window in item.windows]
            alike[shapes[0] if shapes else ()].append((sender, items))
        for calls in alike.values():
            try:
                responses = self._answer_all([items for _, items in calls])
            except Exception as error:  # a fault of ours: whoever waits has to learn of it
                responses = [refusal(Code.INFERENCE_FAILED, repr(error)) for _ in calls]
            for (sender, _), response in zip(calls, responses, strict=True):
                _send(sender, response)

    def _answer_all(self, calls: list[list[_Item]]) -> list[pb_utils.InferenceResponse]:
        """Decodes the windows of requests, all of one shape, in as few batches as there may be."""
        windows = [window for items in calls for item in items for window in item.windows]
        answers: dict[int, Hypothesis] = {}
        for start in range(0, len(windows), self._most):
            batch = windows[start : start + self._most]
            answers |= dict(zip(map(id, batch), self._decoder.decode(batch), strict=True))
        return [
            self._response([self._answer(item, [answers[id(w)] for w in item.windows]) for item in items])
            for items in calls
        ]

    def _parse(self, request: pb_utils.InferenceRequest) -> list[_Item]:
        """The items of one request.

        Raises:
            ValueError: one of them is not what is expected.
        """
        tensors = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
        if not len(tensors["states"]):
            raise ValueError("states are a batch of none: send 1 to 16")
        items = []
        texts = {
            name: [_decoded(name, item[0]) for item in tensors[name]]
            for name in ("language", "prefix", "draft")
        }
        for states, duration, spoken, language, prefix, draft in zip(
            tensors["states"], tensors["duration"], tensors["spoken"], *texts.values(), strict=True
        ):
            forced = self._vocabulary.encode(prefix)
            if len(forced) > LONGEST_PREFIX:
                raise ValueError(f"prefix has {len(forced)} tokens; at most {LONGEST_PREFIX} may be given")
            languages = self._vocabulary.indices(language)
            script = script_of(language)
            guess = self._vocabulary.encode(draft)
            seconds = float(duration[0])
            windows = windows_of(checked(states, seconds, self._width))
            if forced and len(windows) > 1:
                raise ValueError("a prefix can be given with a clip of up to 16 s only: send less audio")
            first = Request(windows[0], seconds, languages, forced, guess)
            others = (Request(window, seconds, languages) for window in windows[1:])
            items.append(_Item([first, *others] if spoken[0] else [], script, prefix))
        return items

    def _response(self, answers: list[tuple[bytes, bytes, float, float]]) -> pb_utils.InferenceResponse:
        texts, languages, logprobs, no_speech = zip(*answers, strict=True)
        arrays = {
            "text": np.array(texts, np.object_),
            "detected_language": np.array(languages, np.object_),
            "avg_logprob": np.array(logprobs, np.float32),
            "no_speech_prob": np.array(no_speech, np.float32),
        }
        return pb_utils.InferenceResponse(
            [pb_utils.Tensor(name, array[:, None]) for name, array in arrays.items()]
        )

    def _answer(self, item: _Item, windows: list[Hypothesis]) -> tuple[bytes, bytes, float, float]:
        """Text, language, mean log-probability and probability of no speech of an item."""
        if not windows:
            return b"", b"", 0.0, 1.0
        text = "".join(map(self._text, windows))
        language = self._vocabulary.code(windows[0].language)
        logprob = sum(window.average_logprob for window in windows) / len(windows)
        text = chinese(text, language, item.script, item.prefix)
        return text.encode(), language.encode(), logprob, min(window.no_speech for window in windows)

    def _text(self, hypothesis: Hypothesis) -> str:
        """The text, or nothing where it was made up over silence or noise."""
        likely, silent = hypothesis.average_logprob, hypothesis.no_speech
        if (silent > NO_SPEECH and likely < UNLIKELY) or silent > SILENT or likely < ABSURD:
            return ""
        text = self._vocabulary.decode(hypothesis.tokens)
        return text if any(character.isalnum() for character in text) else ""


def _decoded(name: str, value: bytes) -> str:
    if len(value) > LONGEST_TEXTS[name]:
        raise ValueError(f"{name} has {len(value)} bytes; at most {LONGEST_TEXTS[name]} may be given")
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not UTF-8: {error}") from None


def _send(sender: pb_utils.InferenceResponseSender, response: pb_utils.InferenceResponse) -> None:
    sender.send(response, flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
