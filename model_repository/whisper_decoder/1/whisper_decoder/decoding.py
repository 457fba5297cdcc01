"""Greedy decoding of a batch of requests with a key-value cache, forced prefixes and drafts.

A draft is a guess at the text, such as the last hypothesis for audio that has grown by a second. All its
tokens are run at once and kept as far as greedy decoding would have chosen them (speculative decoding,
Leviathan et al., 2023, with a given draft and an exact test), so it saves steps; to rounding, it changes no
result. What a request gets does not depend on its batch-mates: each row has its own positions and its own
mask over the shared cache.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from whisper_decoder.network import Answers, Floats, Ints, Network
from whisper_decoder.repetition import repeated_tail
from whisper_decoder.vocabulary import Vocabulary

POSITIONS = 448
"""Length of Whisper's decoder context, in tokens."""
WINDOW = 900
"""Encoder positions of the longest window, 18 s; more are several windows, one after the other."""
MOST_WINDOWS = 3
LONGEST = 30
"""Seconds of the longest clip, which has as many windows."""
MASKED = np.float32(-1e9)
"""Added to an attention score, it hides a slot; finite, so that no softmax turns NaN."""
GROUP = 4
"""Slots that ONNX Runtime's product of one row with a matrix adds up at a time: prompts are padded to a
multiple of it, so that a batch-mate's longer prompt does not regroup the sums of what follows."""
TOKENS_PER_SECOND = 14
"""Bound on how much text a second of speech can hold; fast Chinese comes to about 10."""
SPARE_TOKENS = 8
"""What the bound allows on top, for the shortest clips."""


@dataclass(frozen=True)
class Request:
    """One request of a batch.

    `states` float32 [C, width] out of the encoder; `seconds` of audio behind them; `languages`, indices of
    the languages it may be in, any where empty; `prefix`, token ids that the text starts with; `draft`, token
    ids that it may go on with.
    """

    states: Floats
    seconds: float
    languages: Sequence[int] = ()
    prefix: Sequence[int] = ()
    draft: Sequence[int] = ()

    @property
    def most_tokens(self) -> int:
        """How many tokens the text may have, its prefix included."""
        return max(
            len(self.prefix) + SPARE_TOKENS, SPARE_TOKENS + math.ceil(TOKENS_PER_SECOND * self.seconds)
        )


@dataclass
class Hypothesis:
    """What was decoded: token ids, the prefix first.

    `language` is an index, -1 where the checkpoint has but one; `no_speech` is Whisper's own probability that
    nobody speaks; `looped` says that a repeating tail was cut off.
    """

    tokens: list[int]
    language: int = -1
    no_speech: float = 0.0
    looped: bool = False
    logprobs: list[float] = field(default_factory=list)

    @property
    def average_logprob(self) -> float:
        """Mean natural log-probability of the tokens chosen, the end included; 0 where none was."""
        return float(np.mean(self.logprobs)) if self.logprobs else 0.0


def checked(states: Floats, seconds: float, width: int) -> Floats:
    """The states [C, width] of one item of so many seconds.

    Raises:
        ValueError: they are what no encoder gives.
    """
    most = MOST_WINDOWS * WINDOW
    if states.shape[1] != width or not 0 < len(states) <= most:
        raise ValueError(f"states have shape {list(states.shape)}; send 1 to {most} positions of {width}")
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f"duration is {seconds:g}; it must lie between 0 and {LONGEST} s")
    return states


def windows_of(states: Floats) -> list[Floats]:
    """The windows that the states [C, width] of one item hold, one after the other."""
    return np.split(states, 1 + 2 * len(states) // (2 * WINDOW + 1))


class Decoder:
    """Greedy decoding with the network and vocabulary of one checkpoint."""

    def __init__(self, network: Network, vocabulary: Vocabulary) -> None:
        self.network, self.vocabulary = network, vocabulary

    def decode(self, requests: Sequence[Request]) -> list[Hypothesis]:
        """Decode requests whose states have one shape; results come in their order."""
        with self.network.cores.working():
            batch = _Batch(self, requests)
            batch.detect()
            batch.prefill()
            while batch.live:
                batch.step()
        return batch.hypotheses


class _Batch:
    """Rows that are decoded together; a row leaves when its text has ended."""

    def __init__(self, decoder: Decoder, requests: Sequence[Request]) -> None:
        self._decoder, self._requests = decoder, requests
        self.hypotheses = [Hypothesis(list(request.prefix)) for request in requests]
        self.live = list(range(len(requests)))
        """Row -> request, of those still decoded or not yet dropped; `_done` says which have ended."""
        self._done = np.zeros(len(requests), bool)
        self._cross = decoder.network.project(np.stack([request.states for request in requests]))
        self._past = decoder.network.empty_cache(len(requests))
        self._visible = np.zeros((len(requests), 0), bool)
        self._pending = np.zeros(len(requests), np.int64)
        self._position = np.zeros(len(requests), np.int64)

    def detect(self) -> None:
        """Find the language of those that leave a choice, by running the start token alone."""
        codes = self._decoder.vocabulary.codes
        if not codes:
            return
        choices = [list(request.languages) or list(range(len(codes))) for request in self._requests]
        if any(len(choice) > 1 for choice in choices):
            count = len(self.live)
            start, every = np.full((count, 1), self._decoder.vocabulary.start), np.arange(count)
            past = self._past
            answers = self._run(start, np.ones(count, np.int64), every, every)
            self._past = past  # the start token comes again with the rest
        for row, choice in enumerate(choices):
            best = int(answers["language"][row, choice].argmax()) if len(choice) > 1 else 0
            self.hypotheses[row].language = choice[best]

    def prefill(self) -> None:
        """Run prompt, prefix and draft at once; keep the draft as far as it would have been chosen."""
        vocabulary = self._decoder.vocabulary
        forced: list[list[int]] = []
        drafts: list[list[int]] = []
        for request, hypothesis in zip(self._requests, self.hypotheses, strict=True):
            spoken = [vocabulary.first_language + hypothesis.language] if vocabulary.codes else []
            forced.append([vocabulary.start, *spoken, *vocabulary.prompt, *request.prefix])
            drafts.append(list(request.draft)[: max(0, request.most_tokens - len(request.prefix))])
        lengths = np.array([len(f) + len(d) for f, d in zip(forced, drafts, strict=True)])
        width = -(-int(lengths.max()) // GROUP) * GROUP
        tokens = np.full((len(forced), width), vocabulary.end)
        rows: list[int] = []
        starts: list[int] = []
        for i, (known, draft) in enumerate(zip(forced, drafts, strict=True)):
            tokens[i, : lengths[i]] = [*known, *draft]
            rows.append(i * width)  # the start token: it tells whether anybody speaks
            starts.append(len(rows))
            rows += range(i * width + len(known) - 1, i * width + len(known) + len(draft))
        probe = np.array([[start - 1, start] for start in starts]).flatten()
        answers = self._run(tokens, lengths, np.array(rows), probe)

        kept = np.zeros((len(forced), width), bool)
        for i, (known, draft) in enumerate(zip(forced, drafts, strict=True)):
            span = slice(starts[i], starts[i] + len(draft) + 1)
            following = answers["next"][span].tolist()
            logprobs = _logs(answers["probability"][span])
            first = int(answers["first"][2 * i + 1])
            if not self._requests[i].prefix and following[0] != first:
                following[0] = first  # its probability is at most what the most likely one left
                logprobs[0] = math.log(max(1.0 - math.exp(logprobs[0]), 1e-9))
            self.hypotheses[i].no_speech = float(answers["no_speech"][2 * i])
            agreed = 0
            while agreed < len(draft) and draft[agreed] == following[agreed]:
                agreed += 1
            kept[i, : len(known) + agreed] = True
            self._position[i] += len(known) - 1
            for token, logprob in zip(following[: agreed + 1], logprobs, strict=False):
                if not self._done[i]:  # at its bound or in a loop, the rest of the draft would not be reached
                    self._position[i] += 1
                    self._accept(i, token, logprob)
        self._keep(kept)
        self._drop()

    def step(self) -> None:
        """Run one token of every row."""
        count = len(self.live)
        answers = self._run(
            self._pending[:, None], np.ones(count, np.int64), np.arange(count), np.zeros(0, np.int64)
        )
        self._keep(np.ones((count, 1), bool))
        self._position += 1
        logprobs = _logs(answers["probability"])
        for row in range(count):
            if not self._done[row]:
                self._accept(row, int(answers["next"][row]), logprobs[row])
        self._drop()

    def _accept(self, row: int, token: int, logprob: float) -> None:
        """Take the token that follows; a row ends at the end token, at its bound, and where it loops."""
        index = self.live[row]
        hypothesis = self.hypotheses[index]
        hypothesis.logprobs.append(logprob)
        self._pending[row] = token
        if token == self._decoder.vocabulary.end:
            self._done[row] = True
            return
        hypothesis.tokens.append(token)
        repeated = repeated_tail(hypothesis.tokens)
        if repeated:
            hypothesis.looped = True
            del hypothesis.tokens[max(len(hypothesis.tokens) - repeated, len(self._requests[index].prefix)) :]
        full = (
            len(hypothesis.tokens) >= self._requests[index].most_tokens
            or self._position[row] >= POSITIONS - 1
        )
        self._done[row] = bool(repeated) or full

    def _run(self, tokens: Ints, lengths: Ints, rows: Ints, probe: Ints) -> Answers:
        """Run tokens [B, S], of which the first `lengths` of each row count."""
        count, width = tokens.shape
        order = np.arange(width)
        fresh = (order[None, :] <= order[:, None])[None] & (order < lengths[:, None])[:, None, :]
        seen = np.broadcast_to(self._visible[:, None, :], (count, width, self._visible.shape[1]))
        mask = np.where(np.concatenate([seen, fresh], 2), np.float32(0), MASKED)[:, None]
        inputs: dict[str, Ints | Floats] = {
            "tokens": tokens,
            "positions": np.minimum(self._position[:, None] + order, POSITIONS - 1),
            "mask": mask,
            "rows": rows,
            "probe": probe,
        }
        answers, self._past = self._decoder.network.run(inputs, self._past, self._cross)
        return answers

    def _keep(self, fresh: NDArray[np.bool_]) -> None:
        """Say which of the slots just added to the cache hold tokens of the text."""
        self._visible = np.concatenate([self._visible, fresh], 1)

    def _drop(self) -> None:
        """Shrink the batch once half of it has ended; sooner, copying the caches costs more than it saves."""
        left = np.flatnonzero(~self._done)
        if len(left) == 0:
            self.live = []
        elif 2 * len(left) <= len(self.live):
            self.live = [self.live[row] for row in left]
            self._done, self._visible = self._done[left], self._visible[left]
            self._pending, self._position = self._pending[left], self._position[left]
            take = self._decoder.network.take
            self._past, self._cross = take(self._past, left), take(self._cross, left)


def _logs(probabilities: NDArray[np.generic]) -> list[float]:
    logs: list[float] = np.log(np.maximum(probabilities, 1e-9)).tolist()
    return logs
