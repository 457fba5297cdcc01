"""Reasons in words, in English and in Chinese."""

from __future__ import annotations

from chat.messages import Reason
from chat.mood import RoomMood

_CATEGORIES = {
    "toxicity": ("offensive", "冒犯"),
    "insult": ("an insult or harassment", "辱骂或骚扰"),
    "hate": ("hate against a group", "针对群体的仇恨"),
    "sexism": ("sexist", "性别歧视"),
    "sexual": ("sexual", "色情"),
    "threat": ("a threat", "威胁"),
    "self_harm": ("about self-harm", "自我伤害"),
    "spam": ("spam or advertising", "刷屏或广告"),
    "contact": ("links or contacts", "链接或联系方式"),
}
_SENTENCES = {
    "category": (
        "{score:.0%} likely to be {category}, from {threshold:.0%} on it is stopped",
        "{score:.0%} 的可能是{category}，达到 {threshold:.0%} 即拦截",
    ),
    "word": ("has the word “{text}”", "含有词语“{text}”"),
    "pattern": ("matches the expression {text}", "符合表达式 {text}"),
    "flood": ("{count} lines within {seconds:g} s", "{seconds:g} 秒内发了 {count} 条"),
    "repeat": ("the same line {count} times within {seconds:g} s", "{seconds:g} 秒内同一句发了 {count} 次"),
    "raid": (
        "the same line from {count} viewers within {seconds:g} s",
        "{seconds:g} 秒内有 {count} 名观众发了同一句",
    ),
    "blocked": ("the viewer is blocked for another {seconds:.0f} s", "该观众还要禁言 {seconds:.0f} 秒"),
    "length": ("{count} bytes long, more than can be judged", "长达 {count} 字节，无法全部判断"),
}
_MOODS = (
    (-0.5, "very unhappy", "很不满"),
    (-0.15, "unhappy", "不太满意"),
    (0.15, "calm", "平静"),
    (0.5, "happy", "开心"),
)
_WHO = {"audience": ("the audience", "观众"), "host": ("the host", "主播")}


def sentence(reason: Reason, language: str) -> str:
    """A reason for people; `language`: "zh", or English."""
    chinese = language == "zh"
    category = _CATEGORIES[reason.category][chinese] if reason.category else ""
    return _SENTENCES[reason.rule][chinese].format(
        score=reason.score,
        threshold=reason.threshold,
        category=category,
        text=reason.text,
        count=reason.count,
        seconds=reason.seconds,
    )


def mood_sentence(mood: RoomMood, language: str) -> str:
    """A mood for people."""
    chinese = language == "zh"
    english_word, chinese_word = next(
        ((en, zh) for bound, en, zh in _MOODS if mood.valence < bound), ("very happy", "非常开心")
    )
    english, local = _WHO[mood.who]
    if chinese:
        return f"{local}{chinese_word}，依据约 {mood.voices:.0f} 人的发言"
    count = f"{mood.voices:.0f}"
    by = "one viewer" if count == "1" and mood.who == "audience" else f"about {count}"
    return f"{english} sounds {english_word}, by what {by} wrote"


def slow_mode_sentence(recent: float, usual: float, language: str) -> str:
    """Why slow mode is suggested; rates in messages a second."""
    if language == "zh":
        return f"每秒 {recent:.1f} 条消息，平时 {usual:.1f} 条"
    return f"{recent:.1f} messages a second, usually {usual:.1f}"
