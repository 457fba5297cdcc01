"""Inputs made of text: lines of chat, and sentences to be spoken, Chinese and English."""

import numpy as np

from evaluation.chat_lines import LINES
from moderation_features.features import Features
from perf.inputs.recorded import Inputs
from perf.report import PROJECT
from server.repository import Repository, check_files
from text_tokenizer.pieces import padded
from tooling.sources import Library

_ABOUT = f"{len(LINES)} lines of chat, Chinese and English, one a request"

SENTENCES = (
    "大家好，欢迎来到直播间，今天给大家带来一款新产品。",
    "原价199，现在只要79，还包邮。",
    "iPhone 17 只要 $799，喜欢的朋友赶紧下单吧！",
    "Welcome back, everyone. Today we have a special offer for you.",
    "It costs only $5.99, and shipping is free until 8:30 pm.",
    "谢谢大家的支持，我们明天晚上八点再见。",
)


def lines(_: Library) -> Inputs:
    """Lines as viewers write them. Forty-three, a prime number: callers step through them by their own."""
    return Inputs(_ABOUT, [[{"text": np.array([line], np.object_)} for line in LINES]])


def features(_: Library) -> Inputs:
    """What `sentiment_features` makes of them. Raises ServerError where it has not been exported."""
    from sentiment_features.features import Reader  # noqa: PLC0415 - OpenCC is a part of the server

    served = Repository(PROJECT / "model_repository").read("sentiment_features")
    check_files({served.name: served})
    reader = Reader(np.load(served.folder / "1" / "lexicon.npy"))
    return Inputs(_ABOUT, [[{"features": reader([line]).features[0]} for line in LINES]])


def pieces(_: Library) -> Inputs:
    """What `text_tokenizer` makes of them. Raises ServerError where it has not been exported."""
    from sentencepiece import SentencePieceProcessor  # noqa: PLC0415 - a part of the server

    served = Repository(PROJECT / "model_repository").read("text_tokenizer")
    check_files({"text_tokenizer": served})
    tokenizer = SentencePieceProcessor(model_file=str(served.folder / "1" / "pieces.model"))
    cut = tokenizer.encode(list(LINES), add_bos=True, add_eos=True, num_threads=1)
    return Inputs(_ABOUT, [[{"tokens": padded([line])[0]} for line in cut]])


def sentences(_: Library) -> Inputs:
    """What hosts say, each with the voice of its language."""
    steps = [{"text": np.array([sentence], np.object_)} for sentence in SENTENCES]
    return Inputs(f"{len(SENTENCES)} sentences of a host, Chinese, English and both", [steps])


def buckets(_: Library) -> Inputs:
    """What `moderation_features` makes of them. Raises ServerError where it has not been exported."""
    served = Repository(PROJECT / "model_repository").read("moderation_features")
    check_files({"moderation_features": served})
    with np.load(served.folder / "1" / "tables.npz") as tables:
        features = Features(dict(tables))
    read = [features.with_rules([line]) for line in LINES]
    return Inputs(_ABOUT, [[{"features": found[0], "rules": rules[0]} for found, rules in read]])


WRITERS = {
    "moderation": lines,
    "moderation_features": lines,
    "moderation_head": buckets,
    "sentiment": lines,
    "sentiment_classifier": features,
    "sentiment_features": lines,
    "text_embedder": pieces,
    "text_encoder": lines,
    "text_tokenizer": lines,
    "tts": sentences,
}
