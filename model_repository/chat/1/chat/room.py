"""One room's chat: what becomes of each line, and what the room is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from chat.flood import FloodWatch
from chat.matching import Matcher, folded, squeezed
from chat.messages import Message, Reason, Scored, Verdict
from chat.mood import MoodWatch
from chat.resume import Ledger, State
from chat.settings import Settings
from chat.wording import mood_sentence, sentence, slow_mode_sentence

THRESHOLDS = (float("inf"), 0.9, 0.7, 0.5, 0.3)
"""Of a score, by level; level 0 is off, and 2 the threshold that `moderation` was measured at."""
LONGEST = 4096
"""Bytes of a line that are judged. A longer one is held: what follows could be anything."""

Event = dict[str, object]


class Room:
    """What a room keeps of its chat. Lines come in the order in which they were written."""

    def __init__(self, settings: Settings, state: State) -> None:
        self._settings = settings
        self._matcher = Matcher(settings)
        self._flood = FloodWatch()
        self._ledger = Ledger(state)
        self._moods = {"audience": MoodWatch("audience"), "host": MoodWatch("host")}
        self._written: Counter[str] = Counter()
        self._pts = 0.0

    def change(self, settings: Settings) -> Iterator[Event]:
        """From now on `settings` hold. Raises SettingsError, and then those before still do."""
        self._matcher = Matcher(settings)
        self._settings = settings
        yield from self._resolved()

    def begin(self, pts: float) -> Iterator[Event]:
        """The room's clock is at `pts`; do what its first settings say is to be done."""
        self._pts = pts
        yield from self._resolved()

    def _resolved(self) -> Iterator[Event]:
        """Do what moderators decided; gives what becomes of lines that were held."""
        for of, action in self._ledger.resolve(self._settings, self._pts):
            yield {"kind": "moderated", "of": of, "action": action, "reasons": []} | _span(self._pts)

    def to_score(self, message: Message) -> str:
        """The text of a line as the models are to see it."""
        text = self._matcher.without_allowed(message.text)
        return text.encode()[:LONGEST].decode(errors="ignore")

    def judge(self, messages: Sequence[Message], scored: Sequence[Scored]) -> Iterator[Event]:
        """An event of kind "moderated" for each line, in order, and what else is to be told."""
        for message, found in zip(messages, scored, strict=True):
            self._pts = max(self._pts, message.pts)
            verdict = self._verdict(message, found)
            yield self._moderated(message, found, verdict)
            who = "host" if message.role == "host" else "audience"
            if verdict.action == "allow":
                self._moods[who].add(message, found)
            self._written[found.language] += 1
            language = self._language_of_all()
            if (mood := self._moods[who].news(message.pts)) is not None:
                yield {
                    "kind": "mood",
                    "who": who,
                    "valence": round(mood.valence, 4),
                    "confidence": round(mood.confidence, 4),
                    "parts": {"chat": round(mood.valence, 4)},
                    "reason": mood_sentence(mood, language),
                } | _span(message.pts)
            if (seconds := self._flood.slow_mode(message.pts)) is not None:
                yield {
                    "kind": "suggestion",
                    "action": "slow_mode",
                    "seconds": seconds,
                    "reason": slow_mode_sentence(*self._flood.rates(message.pts), language),
                } | _span(message.pts)

    def state(self) -> bytes:
        """What another server has to know, as JSON; nothing where it knows already."""
        return self._ledger.news()

    def _verdict(self, message: Message, found: Scored) -> Verdict:
        verdict = Verdict()
        plain = folded(message.text)
        too_much = list(self._flood.count(message, squeezed(plain), self._settings.flood))
        if message.role in self._settings.exempt:
            return verdict
        for reason in (*self._content(message, plain, found), *too_much):
            verdict.add(reason)
        self._keep(message, verdict)
        return verdict

    def _content(self, message: Message, plain: str, found: Scored) -> Iterator[Reason]:
        """What the line itself says against it."""
        settings = self._settings
        if (left := self._ledger.blocked_for(message.viewer, message.pts)) > 0:
            yield Reason("blocked", "block", seconds=left)
        for hit in self._matcher.hits(message.text[:LONGEST], plain[:LONGEST]):
            yield Reason(hit.rule, hit.action, text=hit.text)
        for category, score in found.scores.items():
            threshold = THRESHOLDS[settings.level_of(category)]
            if score >= threshold:
                action = settings.actions.get(category, "hold")  # type: ignore[call-overload]
                yield Reason("category", action, category=category, score=score, threshold=threshold)
        if (size := len(message.text.encode(errors="replace"))) > LONGEST:
            yield Reason("length", "hold", count=size)

    def _keep(self, message: Message, verdict: Verdict) -> None:
        """Remember what was held and who was blocked; being blocked is no strike of its own."""
        if verdict.action == "hold" and message.id:
            self._ledger.hold(message)
        already = any(reason.rule == "blocked" for reason in verdict.reasons)
        if verdict.action == "block" and message.viewer and not already:
            self._ledger.strike(message.viewer, message.pts, self._settings.strikes)

    def _moderated(self, message: Message, found: Scored, verdict: Verdict) -> Event:
        language = self._language(message, found)
        negative, neutral, positive = (round(value, 4) for value in found.mood)
        return {
            "kind": "moderated",
            "of": message.id,
            "viewer": message.viewer,
            "text": message.text,
            "language": found.language,
            "sentiment": {"negative": negative, "neutral": neutral, "positive": positive},
            "scores": {category: round(score, 4) for category, score in found.scores.items()},
            "action": verdict.action,
            "reasons": [_reason(reason, language) for reason in verdict.reasons],
        } | _span(message.pts)

    def _language_of_all(self) -> str:
        """Of what is said about the room: most of what is written, where `settings` leave it open."""
        zh, en = self._written["zh"], self._written["en"]
        return self._settings.language if self._settings.language != "auto" else "zh" if zh > en else "en"

    def _language(self, message: Message, found: Scored) -> str:
        """Of what is said about a line; the models see nothing of one that is allowed as a whole."""
        if self._settings.language != "auto":
            return self._settings.language
        unseen = found.language == "und" and any("\u4e00" <= c <= "\u9fff" for c in message.text)
        return "zh" if unseen else found.language


def _reason(reason: Reason, language: str) -> Event:
    """As JSON, without what does not belong to its rule."""
    told: Event = {"rule": reason.rule, "action": reason.action}
    if reason.category:
        told |= {"category": reason.category, "score": round(reason.score, 4), "threshold": reason.threshold}
    if reason.text:
        told["found"] = reason.text
    return told | {"text": sentence(reason, language)}


def _span(pts: float) -> Event:
    return {"pts_start": pts, "pts_end": pts}
