"""Models of text and of what is spoken of it: which of them are not compared with one process, and why."""

from collections.abc import Mapping

_YET = "there is no code of it in one process yet"
UNLIKE: Mapping[str, str] = {
    "chat": "it waits for moderation and sentiment: see those",
    "moderation": f"{_YET}: see moderation_head",
    "moderation_features": _YET,
    "sentiment": f"{_YET}: see sentiment_classifier",
    "sentiment_features": _YET,
    "text_encoder": f"{_YET}: see text_embedder",
    "text_tokenizer": _YET,
    "tts": _YET,
}
