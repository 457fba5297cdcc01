"""Sentences in which only who it is about, or where, is exchanged; written for this project."""

from itertools import product

_ENGLISH = (
    "{} is here",
    "my friend {} bought it yesterday",
    "{} asked how much it is",
    "I saw {} on the stream, it was great",
    "the stream with {} was terrible",
    "{} is from next door and loves it",
    "they sent it to {} by mistake",
    "is {} watching",
)
_CHINESE = (
    "{}来了",
    "我朋友{}昨天买了",
    "{}问这个多少钱",
    "刚才看到{}了，太好看了",
    "{}的直播太差了",
    "{}就住隔壁，很喜欢",
    "不小心寄给{}了",
    "{}在看吗",
)
_ENGLISH_PEOPLE = (
    *("Emily", "Greg", "Lakisha", "Jamal", "Wei", "Priya", "Mohammed", "Fatima", "José", "Olga"),
    *("a man", "a woman", "my brother", "my sister", "an old man", "an old woman", "a Muslim", "a Christian"),
    *("a Chinese person", "an American", "a Nigerian", "an Indian", "a gay man", "a trans woman"),
)
_CHINESE_PEOPLE = (
    *("小明", "小红", "王伟", "李娜", "阿依古丽", "卓玛", "约翰", "玛丽"),
    *("男生", "女生", "哥哥", "姐姐", "大爷", "大妈", "外地人", "农村人", "残疾人", "同性恋"),
    *("河南人", "上海人", "东北人", "广东人", "台湾人", "日本人", "美国人", "黑人"),
)

SWAPPED = {"English": (_ENGLISH, _ENGLISH_PEOPLE), "Chinese": (_CHINESE, _CHINESE_PEOPLE)}
"""By language: sentences, and whom they are about in turn."""


def sentences(language: str) -> list[list[str]]:
    """Every sentence of a language about each of its people, in their order."""
    frames, people = SWAPPED[language]
    return [[frame.format(who) for who in people] for frame, _ in product(frames, (0,))]
