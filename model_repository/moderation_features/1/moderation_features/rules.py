"""Advertising and contacts, by rules: no data at hand labels them.

What disguises a line (full-width forms, zero-width signs, circled digits, look-alikes) is undone before. Lines that
have none of the words below, and few digits, are not looked at closer. Expressions are bounded: none repeats a group
that repeats, and a line has at most 4,096 bytes.
"""

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

SPAM, CONTACT = 0, 1

# Digits in characters, and what stands between digits that belong together.
_DIGITS = str.maketrans("零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "001234567891123456789")
_APART = re.compile(r"(?<=\d)[ .\-_*·,/~]{1,3}(?=\d)")
_COUNTED = np.zeros(0x10000, np.bool_)
_COUNTED[[ord(digit) for digit in "0123456789零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖"]] = True
_FEWEST = 7
"""Digits of a line from which on they may be a number to call."""

_MESSENGERS = (
    "微信 薇信 威信 维信 徽信 微芯 薇芯 微心 v信 v芯 加v 加薇 加微 vx wx wechat qq 扣扣 企鹅号 q群 加群 进群 加裙 群号 裙号 telegram t.me 电报 纸飞机 飞机号 "
    "whatsapp wa.me discord.gg skype snapchat instagram onlyfans 私聊我 加我"
).split()  # fmt: skip
_TLD = r"com|cn|net|org|io|cc|top|xyz|vip|tv|gg|ly|link|shop|club|info|ru|site|online|app|live|me|co|icu|fun|win|bet"
_NAMED = rf"(?:(?<![a-z])(?:{'|'.join(re.escape(name) for name in _MESSENGERS if name.isascii())})(?![a-z])|{'|'.join(name for name in _MESSENGERS if not name.isascii())})"
_CONTACT_WORDS = (
    *_MESSENGERS,
    "http",
    "www",
    "@",
    "dot com",
    "点com",
    "点cn",
    "电话",
    "手机",
    "热线",
    "tel",
    "call me",
    "text me",
    *(f".{tld}" for tld in _TLD.split("|")),
)
_CONTACT: tuple[tuple[float, re.Pattern[str]], ...] = (
    (0.95, re.compile(rf"https?:/|www\.[a-z0-9]|(?<![a-z0-9@-])[a-z0-9][a-z0-9-]{{1,40}}\.(?:{_TLD})(?![a-z0-9.])|[a-z0-9] ?[点。] ?(?:com|cn|net)(?![a-z])|(?<![a-z])dot com(?![a-z])")),
    (0.95, re.compile(r"(?<![a-z0-9._-])[a-z0-9][a-z0-9._-]{1,30}@[a-z0-9-]{2,30}\.[a-z]{2,6}(?![a-z])")),
    (0.95, re.compile(r"(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)|\+\d{10,14}(?!\d)")),
    (0.95, re.compile(rf"{_NAMED}[^\n]{{0,8}}?(?<![a-z0-9])(?=[a-z_-]{{0,12}}\d)[a-z0-9_-]{{5,24}}(?![a-z0-9])")),
    (0.9, re.compile(rf"{_NAMED}(?: ?号| ?id)?[ :=是]{{1,3}}[a-z][a-z0-9_-]{{4,24}}(?![a-z0-9])")),
    (0.7, re.compile(rf"(?:加|\+|私|联系)[^\n]{{0,3}}{_NAMED}|(?:电话|手机|热线|tel|call me|text me)[^\n]{{0,6}}\d{{7,12}}(?!\d)")),
    (0.2, re.compile(_NAMED)),
)  # fmt: skip
_AMERICAN = re.compile(r"(?<![\d-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ -])\d{3}-\d{4}(?![\d-])")
"""Not where digits that were apart are put together: dates would look the same."""

_STRONG = [
    *"刷单 日赚 日结 月入万 月入过万 躺赚 稳赚 网赚 贷款 套现 博彩 赌场 棋牌 彩票群 彩票计划 代刷 刷粉 涨粉 互粉 买粉 裸聊 约炮群 看片 代开发票 办证 免费领 点击链接 点我主页 主页有 "
    "福利群 资源群 扫码领 扫码进 扫码加".split(),
    "free followers", "free money", "free nitro", "free robux", "free gift card", "earn $", "make $", "work from home", "click here", "click the link", "click my",
    "buy followers", "buy viewers", "my channel", "my bio", "visit my", "follow for follow", "sub4sub", "sub for sub", "crypto signals", "airdrop", "double your", "casino", "hot singles", "viagra",
]  # fmt: skip
_WEAK = [
    *"优惠 折扣 限时 秒杀 特价 低价 清仓 批发 代理 加盟 招聘 代购 代练 代打 出售 出号 红包 返利 返现 佣金 福利 兼职 正品 包邮 扫码 投资 理财 "
    "discount giveaway invest bitcoin crypto subscribe".split(),
    "% off", "%off", "limited time", "limited offer", "best price", "for sale", "order now", "buy now", "promo code", "follow me", "link in bio", "dm me",
]  # fmt: skip
_LONG = 40
_TIMES = 4
_RARE = 0.25
"""Share of different rows of four characters below which a line of `_LONG` characters repeats itself."""


def rules(
    lines: list[str], codes: npt.NDArray[np.int32], line: npt.NDArray[np.int32]
) -> npt.NDArray[np.float32]:
    """How sure the rules are of spam and contacts: float32 [lines,2].

    Args:
        lines: in plain characters, with what separates them.
        codes: the same, one after the other.
        line: the line of each of them.
    """
    scores = np.zeros((len(lines), 2), np.float32)
    text = "\n".join(lines)
    starts = np.cumsum([0, *(len(each) + 1 for each in lines)])
    digits = np.bincount(line[_COUNTED[np.minimum(codes, 0xFFFF)]], minlength=len(lines))
    for each in {
        *np.flatnonzero(digits >= _FEWEST).tolist(),
        *(where for where, _ in _having(_CONTACT_WORDS, text, starts)),
    }:
        scores[each, CONTACT] = _contact(lines[each])
    for each, _ in _having(_STRONG, text, starts):
        scores[each, SPAM] = 0.85
    found: dict[int, set[str]] = {}
    for each, word in _having(_WEAK, text, starts):
        found.setdefault(each, set()).add(word)
    for each, words in found.items():
        sure = min(0.15 * len(words) + 0.5 * float(scores[each, CONTACT]), 0.9)
        scores[each, SPAM] = max(float(scores[each, SPAM]), sure)
    for each in np.flatnonzero(np.diff(starts) > _LONG).tolist():
        scores[each, SPAM] = max(float(scores[each, SPAM]), _repeating(lines[each]))
    return scores


def _having(
    words: tuple[str, ...] | list[str], text: str, starts: npt.NDArray[np.int64]
) -> Iterator[tuple[int, str]]:
    """The lines that each word is in."""
    for word in words:
        place = text.find(word)
        while place >= 0:
            line = int(np.searchsorted(starts, place, "right")) - 1
            yield line, word
            place = text.find(word, int(starts[line + 1]))


def _contact(line: str) -> float:
    """How sure it is that a line has a link, a number or a name to be reached by."""
    numbers = _APART.sub("", line.translate(_DIGITS))
    found = [sure for sure, expression in _CONTACT if expression.search(line) or expression.search(numbers)]
    return max([*found, *([0.95] if _AMERICAN.search(line) else [])], default=0.0)


def _repeating(line: str) -> float:
    """How sure it is that a line says the same again and again, and is no laughter."""
    different = len(set(line))
    probes = (len(line) * part // 8 for part in (1, 3, 5))
    if different > 0.4 * len(line) or any(line.count(line[place : place + 4]) < _TIMES for place in probes):
        return 0.0
    rows = len({line[place : place + 4] for place in range(len(line) - 3)})
    if rows >= _RARE * len(line):
        return 0.0
    return 0.6 if different > 3 else 0.3
