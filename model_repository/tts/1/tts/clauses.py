"""Words -> clauses: short enough to be heard soon and never too long for the network, cut where a speaker would."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise

from tts.markup import Manner
from tts.reading import PAUSES, Clause, Word
from tts.spans import joined

LONGEST = 100
"""Phonemes of a clause that has no stop; the network takes 510, and is at its best between 20 and 200."""
FIRST = 20
"""The same of the first one, about 1.3 s: what a listener waits for."""
SPARE = 1.4
"""How much longer words without a stop grow before they are cut, so that what is left is no scrap."""
USUAL = 64
"""From so many on a comma ends a clause; before it is one more breath in it."""
SHORTEST = 14
"""Fewer phonemes go with what follows, where only a comma separates them."""
SENTENCE = 8
"""The same at the end of a sentence."""
_SCRAP, _WITHIN = 3.0, -50.0
"""How bad a breath is after fewer than SENTENCE phonemes, and within one word of the original."""
JOIN = 0.04
"""Seconds of silence where a clause was cut between words."""
_STRONG = frozenset(".!?…;")
_OPENERS = frozenset(
    [
        "因为",
        "所以",
        "但是",
        "而且",
        "然后",
        "如果",
        "还有",
        "并且",
        "不过",
        "可是",
        "同时",
        "另外",
        "最后",
        "首先",
        "其实",
        "我们",
        "大家",
        "今天",
        "现在",
        "这个",
        "那个",
        "这款",
        "这",
        "那",
        "我",
        "你",
        "他",
        "她",
        "就",
        "都",
        "也",
        "在",
        "给",
        "把",
        "让",
        "跟",
        "和",
        "and",
        "but",
        "because",
        "so",
        "then",
        "if",
        "when",
        "while",
        "which",
        "that",
        "who",
        "we",
        "you",
        "they",
        "i",
        "it",
        "this",
        "these",
        "or",
        "with",
        "for",
        "from",
        "after",
        "before",
        "to",
        "in",
        "on",
        "at",
    ]
)
"""Words that a new breath begins with."""
_CLINGING = frozenset(
    ["的", "了", "吗", "吧", "呢", "啊", "呀", "着", "过", "们", "得", "地", "哦", "啦", "of"]
)
"""Words that no breath begins with."""

_NUMERALS = frozenset("零一二两三四五六七八九十百千万亿点")


def clauses(words: Iterable[tuple[Word, Manner]], content: str) -> Iterator[Clause]:
    """The clauses of a text, as soon as each is known.

    Args:
        words: with their manner.
        content: the text that spans are of.
    """
    builder = _Builder(content)
    for word, manner in words:
        for piece in _pieces(word):
            yield from builder.add(piece, manner)
    yield from builder.close()


def _pieces(word: Word) -> Iterator[Word]:
    """A word, or its parts where no clause could hold it."""
    if len(word.phonemes) <= LONGEST // 2:
        yield word
        return
    piece = ""
    for part in word.phonemes.split(" "):
        if piece and len(piece) + len(part) >= LONGEST // 2:
            yield word._replace(phonemes=piece)
            piece = ""
        piece = f"{piece} {part}".strip()
        while len(piece) > LONGEST // 2:
            yield word._replace(phonemes=piece[: LONGEST // 2])
            piece = piece[LONGEST // 2 :]
    if piece:
        yield word._replace(phonemes=piece)


class _Builder:
    """The clause that grows."""

    def __init__(self, content: str) -> None:
        self._content = content
        self._words: list[Word] = []
        self._manner = Manner()
        self._size = 0
        self._count = 0
        self._lead = 0.0

    def add(self, word: Word, manner: Manner) -> Iterator[Clause]:
        """One more word, stop or pause; what is complete by it."""
        if manner != self._manner:
            yield from self._pause(PAUSES.get(self._words[-1].stop, 0.0) if self._words else 0.0)
            self._manner = manner
        if word.stop or (word.span is None and not word.phonemes):
            if word.pause or not word.stop:
                yield from self._pause(word.pause, asked=True)
            else:
                yield from self._stop(word)
            return
        target = FIRST if not self._count else LONGEST
        while self._words and self._size + len(word.phonemes) + 1 > SPARE * target:
            if self._size < LONGEST and not self._divisible(word):
                break
            yield self._cut(word, target)
        self._words.append(word)
        self._size += len(word.phonemes) + 1

    def close(self) -> Iterator[Clause]:
        """What is left."""
        if self._spoken():
            yield self._finished(self._words, 0.0)
        self._words, self._size = [], 0

    def _spoken(self) -> bool:
        return any(word.phonemes for word in self._words)

    def _stop(self, word: Word) -> Iterator[Clause]:
        if not self._spoken():
            return
        within = _one_word(self._words[-1], word)
        if not self._words[-1].stop:
            self._words.append(word)
            self._size += 2
        elif word.stop in _STRONG and self._words[-1].stop not in _STRONG:
            self._words[-1] = word
        if within:
            return
        stop = self._words[-1].stop
        enough = SENTENCE if stop in _STRONG else SHORTEST if not self._count else USUAL
        if stop and self._size >= enough:
            yield self._finished(self._words, PAUSES.get(stop, 0.0))
            self._words, self._size = [], 0

    def _pause(self, seconds: float, *, asked: bool = False) -> Iterator[Clause]:
        if self._spoken():
            clause = self._finished(self._words, seconds)
            clause.asked = asked
            yield clause
            self._words, self._size = [], 0
        elif seconds and asked:
            yield Clause([], self._manner, seconds, asked=True)

    def _cut(self, following: Word, target: int) -> Clause:
        """The clause up to where a breath is best taken, near `target` phonemes."""
        best, best_score, size = len(self._words), -math.inf, 0
        for at in range(1, len(self._words) + 1):
            size += len(self._words[at - 1].phonemes) + 1
            after = self._words[at] if at < len(self._words) else following
            score = self._breath(self._words[at - 1], after) - abs(size - target) / target
            score -= _SCRAP if size < SENTENCE else 0.0
            if score > best_score:
                best, best_score = at, score
        front, self._words = self._words[:best], self._words[best:]
        self._size = sum(len(word.phonemes) + 1 for word in self._words)
        stop = front[-1].stop
        clause = self._finished(front, PAUSES.get(stop, JOIN) if stop else JOIN)
        clause.continued = _one_word(front[-1], self._words[0] if self._words else following)
        return clause

    def _divisible(self, following: Word) -> bool:
        """Whether there is a border between words of the original, for a price is heard in one breath."""
        sizes = accumulate(len(word.phonemes) + 1 for word in self._words)
        borders = pairwise([*self._words, following])
        return any(
            size >= SENTENCE and not _one_word(*pair) for size, pair in zip(sizes, borders, strict=True)
        )

    def _breath(self, before: Word, after: Word) -> float:
        """How good a breath would be between two words."""
        if _one_word(before, after):
            return _WITHIN + (1.0 if before.stop else 0.0)
        if before.stop:
            return 0.8
        text = self._content[slice(*after.span)].lower() if after.span else ""
        said = self._content[slice(*before.span)] if before.span else ""
        if text in _CLINGING or after.stop or (said[-1:] in _NUMERALS and text[:1] in _NUMERALS):
            return -0.8
        return 0.3 if text in _OPENERS else 0.0

    def _finished(self, words: list[Word], pause: float) -> Clause:
        self._count += 1
        clause = Clause(words, self._manner, pause)
        for word in words:
            if word.stop:
                if clause.tokens[-1:] == [" "]:
                    clause.tokens.pop()
                clause.tokens += [word.stop, " "]
                continue
            begin = len(clause.tokens)
            clause.tokens += list(word.phonemes)
            if word.span:
                clause.ranges.append((word.span, begin, len(clause.tokens)))
            clause.tokens.append(" ")
        clause.tokens.pop()
        if words[-1].stop not in PAUSES or not words[-1].stop:
            clause.tokens.append("," if pause == JOIN else ".")
        clause.ranges = list(_merged(clause.ranges))
        return clause


def _one_word(before: Word, after: Word) -> bool:
    """Whether both are parts of one word of the original, such as a price."""
    return bool(before.span and after.span and before.span[1] > after.span[0])


def _merged(ranges: list[tuple[tuple[int, int], int, int]]) -> Iterator[tuple[tuple[int, int], int, int]]:
    """Words that are parts of one word of the original as that word."""
    last: tuple[tuple[int, int], int, int] | None = None
    for span, begin, end in ranges:
        if last and span[0] < last[0][1]:
            last = (joined(last[0], span), last[1], end)
            continue
        if last:
            yield last
        last = (span, begin, end)
    if last:
        yield last
