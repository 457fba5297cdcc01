"""Chinese characters to the phonemes that Kokoro was trained on: misaki's, a tone as an arrow after its vowel."""

from __future__ import annotations

import re
from functools import cache

import rjieba
from pypinyin import Style, lazy_pinyin
from pypinyin.contrib.tone_convert import to_finals, to_initials

TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x", "j": "ʨ",
    "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s", "": "",
}  # fmt: skip
_FINALS = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0", "e": "ɤ0", "ei": "ei0", "en": "ə0n", "eng": "ə0ŋ",
    "i": "i0", "ia": "ja0", "ian": "jɛ0n", "iang": "ja0ŋ", "iao": "jau0", "ie": "je0", "in": "i0n", "iou": "jou0",
    "ing": "i0ŋ", "iong": "jʊ0ŋ", "ong": "ʊ0ŋ", "ou": "ou0", "u": "u0", "uei": "wei0", "ua": "wa0", "uai": "wai0",
    "uan": "wa0n", "uen": "wə0n", "uang": "wa0ŋ", "ueng": "wə0ŋ", "uo": "wo0", "o": "wo0", "ü": "y0", "üe": "ɥe0",
    "üan": "ɥɛ0n", "ün": "y0n",
}  # fmt: skip
_WHOLE = {
    "er": "ɚ0", "o": "ɔ0", "io": "jɔ0", "ê": "ɛ0", "hm": "hm0", "hng": "hŋ0", "m": "m0", "n": "n0", "ng": "ŋ0",
}  # fmt: skip
_SYLLABLE = re.compile(r"([a-zü:ê]+?)([1-5])?")

_CORRECTIONS = {
    "朝阳": "chao2 yang2", "种草": "zhong4 cao3", "着急": "zhao2 ji2", "中奖": "zhong4 jiang3", "为了": "wei4 le5", "还款": "huan2 kuan3",
    "还钱": "huan2 qian2", "还清": "huan2 qing1", "还债": "huan2 zhai4", "归还": "gui1 huan2", "大夫": "dai4 fu5", "供给": "gong1 ji3",
    "得了": "de2 le5", "觉得": "jue2 de5", "记得": "ji4 de5", "值得": "zhi2 de5", "不得": "bu4 de2", "好处": "hao3 chu5", "喜好": "xi3 hao4",
    "秒杀": "miao3 sha1", "爆单": "bao4 dan1", "单品": "dan1 pin3", "差评": "cha4 ping2", "好评": "hao3 ping2", "发卡": "fa4 qia3", "发型": "fa4 xing2",
    "护发": "hu4 fa4", "洗发": "xi3 fa4", "美发": "mei3 fa4", "发膜": "fa4 mo2", "发质": "fa4 zhi4", "发丝": "fa4 si1", "染发": "ran3 fa4", "卷发": "juan3 fa4",
    "薄荷": "bo4 he5", "轻薄": "qing1 bo2", "单薄": "dan1 bo2", "血糖": "xue4 tang2", "朋友": "peng2 you5", "宝贝": "bao3 bei5", "便宜": "pian2 yi5",
    "干货": "gan1 huo4", "干发": "gan1 fa4", "散粉": "san3 fen3", "弹力": "tan2 li4", "弹性": "tan2 xing4", "宝藏": "bao3 zang4", "重播": "chong2 bo1",
    "重启": "chong2 qi3", "重新": "chong2 xin1", "参数": "can1 shu4", "长按": "chang2 an4", "长款": "chang2 kuan3", "长发": "chang2 fa4", "行情": "hang2 qing2",
    "行业": "hang2 ye4", "同行": "tong2 hang2", "调色": "tiao2 se4", "色调": "se4 diao4", "量身": "liang2 shen1", "测量": "ce4 liang2", "宿舍": "su4 she4",
    "空调": "kong1 tiao2", "露脸": "lou4 lian3", "露出": "lu4 chu1", "处女座": "chu3 nv3 zuo4", "率先": "shuai4 xian1", "冠军": "guan4 jun1",
    "数数": "shu3 shu4", "倒数": "dao4 shu3", "几乎": "ji1 hu1", "曝光": "bao4 guang1", "勾当": "gou4 dang4", "当作": "dang4 zuo4", "适当": "shi4 dang4",
}  # fmt: skip
"""Words that the dictionary reads wrongly, lacks, or splits."""
_ALONE = {
    "还": "hai2", "得": "de5", "地": "de5", "的": "de5", "着": "zhe5", "了": "le5", "长": "chang2", "只": "zhi3", "都": "dou1", "行": "xing2", "为": "wei4",
    "好": "hao3", "重": "zhong4", "发": "fa1", "种": "zhong3", "卷": "juan3", "倒": "dao4", "数": "shu4", "差": "cha4", "干": "gan4", "假": "jia3", "上": "shang4",
    "打": "da3", "中": "zhong1", "说": "shuo1", "教": "jiao1", "看": "kan4", "给": "gei3", "把": "ba3", "吧": "ba5", "呢": "ne5", "吗": "ma5", "嘛": "ma5", "啊": "a5",
    "呀": "ya5", "啦": "la5", "哦": "o4", "哇": "wa5", "们": "men5", "个": "ge4", "那": "na4", "哪": "na3", "吓": "xia4", "落": "luo4", "率": "lv4", "藏": "cang2",
}  # fmt: skip
"""Characters that are a word of their own."""
_COUNTED = re.compile(r"(?<=[一二两三四五六七八九十百千万几这那每半])只(?!要|有|能|是|会|好|想|剩)")
_GIVEN_BACK = re.compile("还(?=[钱款债清给本])")


def pinyin_phonemes(syllable: str) -> str:
    """The phonemes of a syllable such as "zhong4"; without a figure its tone is neutral.

    Raises:
        ValueError: there is no such syllable.
    """
    match = _SYLLABLE.fullmatch(syllable.lower().replace("u:", "ü").replace("v", "ü"))
    found = match and _phonemes(match[1])
    if not match or found is None:
        raise ValueError(f"{syllable!r} is no syllable of pinyin: expected one such as zhong4 or lv4")
    return found.replace("0", TONES[match[2] or "5"])


@cache
def _phonemes(plain: str) -> str | None:
    """Phonemes of a syllable without a tone, 0 where it goes."""
    if plain.endswith("r") and plain != "er" and len(plain) > 2:
        stem = _phonemes(plain[:-1])
        return None if stem is None else stem.removesuffix("n") + "ɚ"
    if plain in _WHOLE:
        return _WHOLE[plain]
    initial, final = to_initials(plain, strict=True), to_finals(plain, strict=True, v_to_u=True)
    if final == "i" and initial in ("zh", "ch", "sh", "r", "z", "c", "s"):
        return _INITIALS[initial] + "ɨ0"
    if initial not in _INITIALS or final not in _FINALS:
        return None
    return _INITIALS[initial] + _FINALS[final]


def words(text: str) -> list[str]:
    """The words of Chinese characters, in order."""
    return list(rjieba.cut(text))


def syllables(word: str, before: str = "", after: str = "") -> list[str]:
    """The pinyin of a word, a syllable a character, between what stands before and after it."""
    if word in _CORRECTIONS:
        found = _CORRECTIONS[word].split()
    elif word in _ALONE:
        found = [_ALONE[word]]
    else:
        found = list(lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True))
    if len(found) != len(word):
        return found
    for known, reading in _CORRECTIONS.items():
        at = word.find(known)
        if at >= 0:
            found[at : at + len(known)] = reading.split()
    around = before[-1:] + word + after[:1]
    for pattern, reading in ((_COUNTED, "zhi1"), (_GIVEN_BACK, "huan2")):
        for match in pattern.finditer(around):
            at = match.start() - len(before[-1:])
            if 0 <= at < len(found):
                found[at] = reading
    return found


def phonemes(word: str, before: str = "", after: str = "") -> str:
    """What a word sounds like; a character without a reading is silent."""
    said = []
    for syllable in syllables(word, before, after):
        try:
            said.append(pinyin_phonemes(syllable))
        except ValueError:
            continue
    return "".join(said)
