"""Triton model `tts`: a text -> its speech, clause by clause, with the times of its words."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock

import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

from serving_common.error_codes import Code
from serving_common.errors import refusal
from tts.clauses import clauses
from tts.cleaning import Unspeakable
from tts.english import English
from tts.languages import language_of
from tts.lexicon import LONGEST_LEXICON, Lexicon
from tts.markup import RATES, Script
from tts.meters import Meters
from tts.queue import Turns
from tts.reading import Clause, Reader
from tts.spans import joined
from tts.synthesis import SAMPLE_RATE, Cancelled, Network, SpokenWord, to_int16
from tts.voices import Voices

SPEEDS = (0.5, 2.0)
LONGEST_PAUSE = 5.0
"""The most that pauses may be stretched."""
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL


class TritonPythonModel:
    """The one instance: network, dictionaries and voices, and whoever waits."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load what the exporter wrote into this version's folder."""
        config = json.loads(args["model_config"])
        folder = Path(args["model_repository"]) / args["model_version"]
        parameters = {key: str(value["string_value"]) for key, value in config["parameters"].items()}
        gpu = int(args["model_instance_device_id"]) if args["model_instance_kind"] == "GPU" else None
        self._network = Network(folder, int(parameters["intra_op_thread_count"]), gpu)
        self._reader, self._voices = Reader(English(folder)), Voices(folder)
        self._default = {"zh": parameters["voice_zh"], "en": parameters["voice_en"]}
        self._most = int(parameters["max_texts"])
        self._meters = Meters(config["parameters"])
        self.closing = False
        self._turns = Turns(self._most, self._network.stop)

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> None:
        """Read what is asked for; the audio comes later, through the senders."""
        for request in requests:
            sender = request.get_response_sender()
            try:
                speech = self._speech(request, sender)
            except ValueError as error:
                sender.send(refusal(Code.INVALID_INPUT, str(error)), flags=FINAL)
                continue
            except Exception as error:  # a request without an answer would never end
                sender.send(refusal(Code.INFERENCE_FAILED, repr(error)), flags=FINAL)
                continue
            if not self._turns.add(speech):
                busy = f"{self._most} texts are being spoken, all it takes: send fewer at a time"
                sender.send(refusal(Code.OVERLOADED, busy), flags=FINAL)

    def finalize(self) -> None:
        """End what is under way."""
        self.closing = True
        self._turns.close()
        self._meters.close()

    def _speech(
        self, request: pb_utils.InferenceRequest, sender: pb_utils.InferenceResponseSender
    ) -> _Speech:
        """What one request asks for.

        Raises:
            ValueError: that can't be spoken.
        """
        tensors = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
        text = _text(tensors, "text", 0)
        script = self._reader.script(text)
        language = language_of(script.content, "en")
        voice = _text(tensors, "voice", 1024).strip()
        if voice:
            language = language_of(script.content, self._voices.language(voice))
        for _, manner in script.parts:
            if manner.voice is not None:
                self._voices.language(manner.voice)
        lexicon = Lexicon(_text(tensors, "lexicon", LONGEST_LEXICON))
        speed = _number(tensors, "speed", 1.0, SPEEDS)
        pauses = _number(tensors, "pauses", 1.0, (0.0, LONGEST_PAUSE))
        # All of it now: whoever sends what can't be spoken is told before the first word.
        spoken = list(clauses(self._reader.words(script, lexicon, language), script.content))
        if not any(clause.ranges for clause in spoken):
            raise Unspeakable(
                f"text {script.content[:40]!r} has nothing that is spoken: expected Chinese or English words"
            )
        return _Speech(self, sender, script, spoken, voice or self._default[language], speed, pauses)

    def say(self, clause: Clause, voice: str, speed: float) -> tuple[NDArray[np.float32], list[SpokenWord]]:
        """Samples and words of a clause."""
        rate = min(max(speed * clause.manner.rate, RATES[0]), RATES[1])
        chosen = clause.manner.voice or voice
        return self._network.speak(clause, lambda count: self._voices.style(chosen, count), rate)

    @property
    def meters(self) -> Meters:
        """What the metrics are told."""
        return self._meters


class _Speech:
    """One request on its way."""

    def __init__(
        self,
        model: TritonPythonModel,
        sender: pb_utils.InferenceResponseSender,
        script: Script,
        spoken: list[Clause],
        voice: str,
        speed: float,
        pauses: float,
    ) -> None:
        self._model, self._sender, self._script = model, sender, script
        self._left: Iterator[Clause] = iter(spoken)
        self._count = len(spoken)
        self._begun: SpokenWord | None = None
        """A word that the next clause goes on with, at samples of the whole."""
        self._voice, self._speed, self._pauses = voice, speed, pauses
        self._at = 0
        self._ending, self._ended = Lock(), False
        self._began = self._model.meters.now()

    def cancelled(self) -> bool:
        """Whether its caller has gone, or has all it gets: Triton crashes where it is asked after that."""
        with self._ending:
            return self._ended or bool(self._sender.is_cancelled())

    def step(self) -> float | None:
        """Speak and send one clause; its seconds, or None where that was all."""
        clause = next(self._left, None)
        if clause is None or self.cancelled():
            self._finish(cancelled=clause is not None)
            return None
        self._count -= 1
        spoken = self._spoken(clause)
        if spoken is None:
            self._finish(cancelled=True)
            return None
        audio, words = spoken
        # A pause that was asked for is as long as was asked, one of punctuation as the caller likes it.
        pause = clause.pause * (self._pauses if clause.ranges and not clause.asked else 1.0)
        silence = round(pause * SAMPLE_RATE) if self._count or clause.asked else 0
        samples = np.concatenate([to_int16(audio), np.zeros(silence, np.int16)])
        if not self._at:
            self._model.meters.heard_first(self._began)
        self._sender.send(self._response(samples, self._whole(words, continued=clause.continued)))
        self._at += len(samples)
        return len(samples) / SAMPLE_RATE

    def _whole(self, words: list[SpokenWord], *, continued: bool) -> list[SpokenWord]:
        """A clause's words at samples of the whole; one that clauses share comes once, with the last of them."""
        placed = [word._replace(begin=self._at + word.begin, end=self._at + word.end) for word in words]
        if self._begun and placed:
            begun, self._begun = self._begun, None
            placed[0] = placed[0]._replace(span=joined(begun.span, placed[0].span), begin=begun.begin)
        if continued:
            self._begun = placed.pop()
        return placed

    def _spoken(self, clause: Clause) -> tuple[NDArray[np.float32], list[SpokenWord]] | None:
        """Samples and words of a clause; None where its caller has gone.

        A pass may be stopped that is not the one which was meant: then it is begun again.
        """
        if not clause.ranges:
            return np.zeros(0, np.float32), []
        while True:
            try:
                return self._model.say(clause, self._voice, self._speed)
            except Cancelled:
                if self.cancelled() or self._model.closing:
                    return None

    def failed(self, fault: Exception) -> None:
        """Tell its caller, who waits."""
        self._model.meters.ended("failed", self._at)
        try:
            self._end(refusal(Code.INFERENCE_FAILED, repr(fault)))
        except Exception as gone:
            pb_utils.Logger.log_warn(f"tts: {fault!r}, and nobody could be told: {gone!r}")

    def _end(self, response: pb_utils.InferenceResponse | None = None) -> None:
        """Send the last response, or only that there is none."""
        with self._ending:
            if self._ended:
                return
            self._ended = True
            if response is None:
                self._sender.send(flags=FINAL)
            else:
                self._sender.send(response, flags=FINAL)

    def _response(self, samples: NDArray[np.int16], words: list[SpokenWord]) -> pb_utils.InferenceResponse:
        content = self._script.content
        arrays: dict[str, NDArray[np.generic]] = {
            "audio": samples,
            "sample_rate": np.array([SAMPLE_RATE], np.int32),
            "pts": np.array([self._at / SAMPLE_RATE], np.float64),
            "words": np.array([content[slice(*word.span)].encode() for word in words], np.object_),
            "starts": np.array([word.begin / SAMPLE_RATE for word in words], np.float64),
            "ends": np.array([word.end / SAMPLE_RATE for word in words], np.float64),
            "spans": np.array([word.span for word in words], np.int32).reshape(-1, 2),
        }
        return pb_utils.InferenceResponse([pb_utils.Tensor(name, array) for name, array in arrays.items()])

    def _finish(self, *, cancelled: bool) -> None:
        self._end()
        self._model.meters.ended("cancelled" if cancelled else "spoken", self._at)


def _text(tensors: Mapping[str, NDArray[np.generic]], name: str, longest: int) -> str:
    """What an input says, "" where it is missing.

    Raises:
        Unspeakable: it is not UTF-8, or longer than so many bytes (0: its reader says how long it may be).
    """
    if name not in tensors:
        if name == "text":
            raise Unspeakable("text is missing: say something")
        return ""
    array = tensors[name].reshape(-1)
    if len(array) != 1:
        raise Unspeakable(f"{name} has {len(array)} elements: expected 1")
    value = bytes(array[0])
    if longest and len(value) > longest:
        raise Unspeakable(f"{name} has {len(value)} bytes: at most {longest}")
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise Unspeakable(f"{name} is not UTF-8: {error.reason} at byte {error.start}") from None


def _number(
    tensors: Mapping[str, NDArray[np.generic]], name: str, default: float, between: tuple[float, float]
) -> float:
    """An input that is a number.

    Raises:
        Unspeakable: it is out of its range.
    """
    if name not in tensors:
        return default
    value = float(np.asarray(tensors[name], np.float64).reshape(-1)[0])
    if not between[0] <= value <= between[1]:
        raise Unspeakable(f"{name} is {value:g}: expected {between[0]:g} to {between[1]:g}")
    return value
