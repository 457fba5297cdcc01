"""What is written in figures and signs, as an English sentence says it; see `chinese_reading` for how."""

from __future__ import annotations

import re
from collections.abc import Callable
from re import Match

from tts.english_numbers import digits, integer, number, ordinal, plural, year
from tts.spans import Text

Rule = tuple[re.Pattern[str], Callable[[Match[str]], str | None]]

_N = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_TO = r"\s?[-~～—–−]{1,2}\s?"
_ALONE = r"(?<![\w.,])"
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_MONTH = "|".join(f"{name}|{name[:3]}" for name in _MONTHS) + "|Sept"
_CURRENCY = {
    "$": ("dollar", "dollars", "cent", "cents"), "US$": ("dollar", "dollars", "cent", "cents"),
    "USD": ("dollar", "dollars", "cent", "cents"), "HK$": ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"), "EUR": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"), "GBP": ("pound", "pounds", "penny", "pence"),
    "¥": ("yuan", "yuan", "", ""), "￥": ("yuan", "yuan", "", ""), "RMB": ("yuan", "yuan", "", ""), "CNY": ("yuan", "yuan", "", ""),
    "₹": ("rupee", "rupees", "", ""), "₩": ("won", "won", "", ""),
}  # fmt: skip
_SIGN = r"(US\$|HK\$|RMB|CNY|USD|EUR|GBP|[¥￥$€£₩₹])"
_SCALES = {"k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion", "t": "trillion"}
_SCALE = r"(thousand|million|billion|trillion|(?:bn|mn|[kmbt])(?![a-z]))"
_UNITS = {
    "km/h": ("kilometer per hour", "kilometers per hour"), "mph": ("mile per hour", "miles per hour"),
    "m/s": ("meter per second", "meters per second"), "kwh": ("kilowatt hour", "kilowatt hours"),
    "mah": ("milliamp hour", "milliamp hours"), "kg": ("kilogram", "kilograms"), "mg": ("milligram", "milligrams"),
    "km": ("kilometer", "kilometers"), "cm": ("centimeter", "centimeters"), "mm": ("millimeter", "millimeters"),
    "nm": ("nanometer", "nanometers"), "ml": ("milliliter", "milliliters"), "m²": ("square meter", "square meters"),
    "㎡": ("square meter", "square meters"), "m2": ("square meter", "square meters"), "sqft": ("square foot", "square feet"),
    "°c": ("degree celsius", "degrees celsius"), "℃": ("degree celsius", "degrees celsius"),
    "°f": ("degree fahrenheit", "degrees fahrenheit"), "℉": ("degree fahrenheit", "degrees fahrenheit"), "°": ("degree", "degrees"),
    "khz": ("kilohertz", "kilohertz"), "mhz": ("megahertz", "megahertz"), "ghz": ("gigahertz", "gigahertz"),
    "hz": ("hertz", "hertz"), "db": ("decibel", "decibels"), "kw": ("kilowatt", "kilowatts"), "w": ("watt", "watts"),
    "v": ("volt", "volts"), "oz": ("ounce", "ounces"), "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"),
    "ft": ("foot", "feet"), "yd": ("yard", "yards"), "pcs": ("piece", "pieces"), "hrs": ("hour", "hours"), "hr": ("hour", "hours"),
    "mins": ("minute", "minutes"), "min": ("minute", "minutes"), "sec": ("second", "seconds"), "secs": ("second", "seconds"),
    "ms": ("millisecond", "milliseconds"), "gb": ("gigabyte", "gigabytes"), "tb": ("terabyte", "terabytes"),
    "mb": ("megabyte", "megabytes"), "kb": ("kilobyte", "kilobytes"), "fps": ("frame per second", "frames per second"),
    "rpm": ("turn per minute", "turns per minute"), "kcal": ("kilocalorie", "kilocalories"), "mi": ("mile", "miles"),
    "¢": ("cent", "cents"), "g": ("gram", "grams"), "m": ("meter", "meters"), "l": ("liter", "liters"),
}  # fmt: skip
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_FRACTIONS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_ABBREVIATIONS = {
    "Dr.": "doctor", "Mr.": "mister", "Mrs.": "missus", "Ms.": "miz", "Prof.": "professor", "vs.": "versus", "vs": "versus",
    "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "approx.": "approximately", "Jr.": "junior",
    "Sr.": "senior", "Inc.": "incorporated", "Ltd.": "limited", "Co.": "company", "w/": "with", "w/o": "without", "St.": "saint",
    "Ave.": "avenue", "Blvd.": "boulevard", "min.": "minimum", "max.": "maximum", "dept.": "department", "est.": "established",
}  # fmt: skip
_ABBREVIATED = "|".join(sorted(map(re.escape, _ABBREVIATIONS), key=len, reverse=True))
_DAYS = {
    "Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip

_NAMED = "|".join([*_MONTHS, *_DAYS.values()])


def _spell_month(name: str) -> str:
    return next(month for month in _MONTHS if month.lower().startswith(name.lower()[:3]))


def _date(month: int, day: int, of: str | None) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    written = int(of) + (2000 if of and len(of) == 2 else 0) if of else 0
    return f"{_MONTHS[month - 1]} {ordinal(day)}" + (f", {year(written)}" if of else "")


def _month_day(match: Match[str]) -> str:
    last = f" to {ordinal(match[3])}" if match[3] else ""
    return f"{_spell_month(match[1])} {ordinal(match[2])}{last}" + (
        f", {year(int(match[4]))}" if match[4] else ""
    )


def _day_month(match: Match[str]) -> str:
    return f"the {ordinal(match[1])} of {_spell_month(match[2])}" + (
        f", {year(int(match[3]))}" if match[3] else ""
    )


def _clock(match: Match[str]) -> str | None:
    hour, minute, second, half = (
        int(match[1]),
        int(match[2]),
        match[3],
        (match[4] or "").replace(".", "").lower(),
    )
    if hour > 24 or minute > 59 or int(second or 0) > 59:
        return None
    said = integer(hour)
    if minute:
        said += f" {'oh ' if minute < 10 else ''}{integer(minute)}"
    elif not half and not second:
        said += " o'clock" if hour <= 12 else " hundred"
    if int(second or 0):
        said += f" and {integer(second)} seconds"
    return said + (f" {half[0].upper()} M" if half else "")


def _telephone(match: Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    if len(groups) == 1 and len(groups[0]) > 7:
        groups = [groups[0][:3], groups[0][3:7], groups[0][7:]]
    return ("plus " if "+" in match[0] else "") + ", ".join(digits(group) for group in groups)


def _money(value: str, scale: str | None, sign: str) -> str:
    one, many, cent, cents = _CURRENCY[sign.upper()]
    whole, _, fraction = value.replace(",", "").partition(".")
    if scale:
        return f"{number(value)} {_SCALES.get(scale.lower(), scale.lower())} {many}"
    if not fraction.strip("0"):
        return f"{integer(whole)} {one if whole == '1' else many}"
    if not cent or len(fraction) > 2:
        return f"{number(value)} {many}"
    small = int(fraction.ljust(2, "0"))
    coins = f"{integer(small)} {cent if small == 1 else cents}"
    return coins if not int(whole) else f"{integer(whole)} {one if whole == '1' else many} and {coins}"


def _price_range(match: Match[str]) -> str:
    scale = f" {_SCALES.get(match[6].lower(), match[6].lower())}" if match[6] else ""
    return f"{number(_cents(match[2]))} to {number(_cents(match[5]))}{scale} {_CURRENCY[match[1].upper()][1]}"


def _cents(value: str) -> str:
    whole, _, fraction = value.partition(".")
    return value if fraction.strip("0") else whole


def _fraction(match: Match[str]) -> str | None:
    said = _fraction_alone(match)
    if said is None or said == "twenty four seven":
        return said
    if match[4]:
        one, many = _UNITS[match[4].lower()]
        said += f" {many}" if match[1] else f" of {'an' if one[0] in 'aeiou' else 'a'} {one}"
    return said + (" to " if match[5] else "")


def _fraction_alone(match: Match[str]) -> str | None:
    over, under = int(match[2]), int(match[3])
    if (over, under) == (24, 7):
        return "twenty four seven"
    if not under or under > 1000 or over >= under:
        return f"{integer(over)} {integer(under)}" if under else None
    one, many = _FRACTIONS.get(under) or (ordinal(under), plural(ordinal(under)))
    said = f"{'a' if match[1] and over == 1 else integer(over)} {one if over == 1 else many}"
    return f"{integer(match[1])} and {said}" if match[1] else said


def _measured(match: Match[str]) -> str:
    one, many = _UNITS[match[2].lower()]
    return f"{number(match[1])} {one if match[1].lstrip('+-−') == '1' else many}"


def _feet(match: Match[str]) -> str:
    return f"{integer(match[1])} foot" + (f" {integer(match[2])}" if match[2] else "")


def _model_number(figures: str) -> str:
    if len(figures) == 4 and figures[0] != "0":
        front, back = figures[:2], figures[2:]
        return f" {integer(front)} {'hundred' if back == '00' else ('oh ' if back[0] == '0' else '') + integer(back)}"
    if len(figures) == 3 and figures[1] != "0":
        return f" {integer(figures[0])} {integer(figures[1:])}"
    return " " + (integer(figures) if len(figures) < 4 and figures[0] != "0" else digits(figures))


def _initials(dotted: str) -> str | None:
    """U.S. as letters; e.g. and its like are abbreviations of words."""
    return (
        None
        if dotted.lower() in _ABBREVIATIONS or dotted.lower() in ("a.m.", "p.m.")
        else dotted.replace(".", "").upper()
    )


def _scaled(match: Match[str]) -> str:
    return f"{number(match[1])} {_SCALES.get(match[2].lower(), match[2].lower())}"


def _plain(match: Match[str]) -> str:
    value = match[0]
    figures = value.lstrip("+-−")
    if figures.isdecimal() and ((figures[0] == "0" and len(figures) > 1) or len(figures) > 15):
        return digits(figures)
    return number(value)


def _rule(pattern: str, reading: Callable[[Match[str]], str | None], flags: int = re.IGNORECASE) -> Rule:
    return re.compile(pattern, flags), reading


RULES: tuple[Rule, ...] = (
    _rule(r"\bAT&T\b", lambda _: "A T and T", 0),
    _rule(r"(?<![A-Za-z.])(?:[A-Za-z]\.){2,6}(?![A-Za-z])", lambda m: _initials(m[0])),
    _rule(r"(?<=[A-Za-z])\.(?=[A-Za-z]{2,})", lambda _: " dot "),
    _rule(rf"\b({_NAMED}){_TO}(?=(?:{_NAMED})\b)", lambda m: f"{m[1]} to ", 0),
    _rule(r"(?<=[A-Za-z])(?<![A-Z][a-z])\s?[-–]\s?(?=(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b)", lambda _: " to ", 0),
    _rule(r"\b(Mon|Tue|Wed|Thu|Fri)\b\.?(?=[\s,–-]|$)", lambda m: _DAYS[m[1]], 0),
    _rule(r"(?<=[a-z])\s?[-–]\s?(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b", lambda m: f" to {_DAYS[m[1]]}", 0),
    _rule(r"([$€£])(?=\.\d\d\b)", lambda m: f"{m[1]}0"),
    _rule(r"(?<![\w.$€£¥])\.(\d{1,6})(?![\w.])", lambda m: f"point {digits(m[1])}"),
    _rule(r"(?<![\w.])(\d{1,2})K(?=\s(?:gold|rose|white|yellow))", lambda m: f"{integer(m[1])} karat", 0),
    _rule(rf"(?<![\w.])({_N})h(?!\w)", lambda m: f"{number(m[1])} {'hour' if m[1] == '1' else 'hours'}"),
    _rule(r"(?<![\w.,$€£¥-])911(?![\d.,%])", lambda _: "nine one one"),
    _rule(r"(?<![\w.])(\d{1,6})\^(\d{1,3})(?![\d.])", lambda m: f"{integer(m[1])} to the power of {integer(m[2])}"),
    _rule(r"(?<=[a-z0-9] )St\.(?!\s?[A-Z])", lambda _: "street", 0),
    _rule(r"(?<!\w)v\.?(?=\d)", lambda _: "version "),
    _rule(rf"{_ALONE}(\d{{1,2}}\.\d)/(5|10)(?![\d/])", lambda m: f"{number(m[1])} out of {integer(m[2])}"),
    _rule(r"(?:(?<=call )|(?<=dial )|(?<=or ))([49]11)\b", lambda m: digits(m[1])),
    _rule(r"(?<=\d)T(?=\d\d:)", lambda _: " "),
    _rule(rf"(?<![\w.])({_N})in(?!\w)", lambda m: f"{number(m[1])} inches"),
    _rule(rf"(?<![\w.])({_ABBREVIATED})(?!\w)", lambda m: _ABBREVIATIONS.get(m[1], _ABBREVIATIONS.get(m[1].capitalize(), _ABBREVIATIONS.get(m[1].lower())))),
    # Dates and times
    _rule(r"(?<![\d.])((?:19|20)\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?![\d.]\d)", lambda m: _date(int(m[2]), int(m[3]), m[1])),
    _rule(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.((?:19|20)\d\d)(?!\d|\.\d)", lambda m: _date(int(m[2]), int(m[1]), m[3]) or _date(int(m[1]), int(m[2]), m[3])),
    _rule(r"(?<![\d./])(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?![\d/])", lambda m: _date(int(m[1]), int(m[2]), m[3])),
    _rule(rf"\b({_MONTH})\.?\s(\d{{1,2}})(?:st|nd|rd|th)?(?:{_TO}(\d{{1,2}})(?![\d:%]|\s?[ap]\.?m))?(?:,?\s(\d{{4}}))?(?![\d:%])", _month_day),
    _rule(rf"(?<![\d.])(\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?({_MONTH})\.?(?:,?\s(\d{{4}}))?(?!\w)", _day_month),
    _rule(rf"\b({_MONTH})\.?\s(?=(?:19|20)\d\d\b)", lambda m: f"{_spell_month(m[1])} ", 0),
    _rule(r"(?<![\d:.])(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:])(?:\s?([ap]\.?m\b\.?))?", _clock),
    _rule(r"(?<![\d:.,])(\d{1,2})()()\s?([ap]\.?m\b\.?)", lambda m: f"{integer(m[1])} {m[4][0].upper()} M"),
    _rule(r"(?<=[a-zM])" + _TO + r"(?=\d{1,2}(?::\d\d|\s?[ap]m))", lambda _: " to "),
    _rule(r"(?<=[a-zM])" + _TO + r"(?=(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thir|four|fif|six|seven|eigh|nine|twen)\w*\s(?:o'clock|[AP] M|hundred|thirty|fifteen|forty|oh))", lambda _: " to "),
    _rule(r"(?<![\d:.])(\d{1,4})\s?:\s?(\d{1,4})(?![\d:])", lambda m: f"{integer(m[1])} to {integer(m[2])}"),
    # Telephone numbers and codes
    _rule(r"(?<![\w.])\+\d{1,3}[- .]?\(?\d{2,4}\)?(?:[- .]?\d{2,5}){1,4}(?![\d])", _telephone),
    _rule(r"(?<![\w.])(?:1[- .])?\(?\d{3}\)?[- .]\d{3,4}[- .]\d{3,4}(?!\d)", _telephone),
    _rule(r"(?<![\w.,$€£¥])1[3-9]\d{9}(?!\d)", _telephone),
    _rule(r"(?:(?<=call )|(?<=dial )|(?<=phone )|(?<=text )|(?<=hotline ))\d{3}[- ]\d{4}\b", _telephone),
    _rule(r"(?:(?<=code )|(?<=pin )|(?<=room )|(?<=call )|(?<=dial )|(?<=order )|(?<=extension )|(?<=flight )|(?<=ID ))(\d{3,})\b", lambda m: digits(m[1])),
    _rule(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){2,3})(?!\d|\.\d)", lambda m: " point ".join(integer(part) for part in m[1].split("."))),
    # Money and percentages
    _rule(_SIGN + rf"\s?({_N})({_TO}){_SIGN[:-1]}|)\s?({_N})(?:\s?{_SCALE})?(?![\d.]\d)", _price_range),
    _rule(_SIGN + rf"\s?({_N})(?:\s?{_SCALE})?(?:\s(?:dollars|euros|pounds|yuan)\b)?", lambda m: _money(m[2], m[3], m[1])),
    _rule(rf"{_ALONE}({_N})(?:\s?{_SCALE})?\s?(RMB|CNY|USD|EUR|GBP|€|£|\$)(?![a-z])", lambda m: _money(m[1], m[2], m[3])),
    _rule(rf"{_ALONE}({_N})%?{_TO}({_N})\s?%", lambda m: f"{number(m[1])} to {number(m[2])} percent"),
    _rule(rf"(?<![\w.,])([-+−]?{_N})\s?%", lambda m: f"{number(m[1])} percent"),
    # Sums
    _rule(rf"{_ALONE}({_N})\s?[x×*✕]\s?(?={_N})", lambda m: f"{number(m[1])} by "),
    _rule(rf"{_ALONE}({_N})\s?([-+−÷/])\s?(?={_N}\s?=)", lambda m: number(m[1]) + {"+": " plus ", "÷": " divided by ", "/": " divided by "}.get(m[2], " minus ")),
    _rule(rf"{_ALONE}({_N})\s\+\s(?=\d)", lambda m: f"{number(m[1])} plus "),
    _rule(r"\s?=\s?(?=[\w-])", lambda _: " equals "),
    # Ranges and fractions
    _rule(rf"(?<![\d./])(?:(\d+)\s{{1,2}})?(\d{{1,4}})/(\d{{1,4}})(?![\d/])(?:\s*({_UNIT})(?![a-z]))?({_TO}(?=\d))?", _fraction),
    _rule(rf"{_ALONE}((?:19|20)\d\d){_TO}((?:19|20)\d\d)(?!\d)", lambda m: f"{year(int(m[1]))} to {year(int(m[2]))}"),
    _rule(rf"{_ALONE}((?:(?<!\S)[-−])?{_N}){_TO}(?={_N}(?![-\d]))(?!\d{{3}}-\d{{4}})", lambda m: f"{number(m[1])} to "),
    # Measures
    _rule(r"(?<!\w)(\d)['′]\s?(?:(\d{1,2})[\"″])?(?!\w)", _feet),
    _rule(rf"(?<![\w.])({_N})[\"″]", lambda m: f"{number(m[1])} inch"),
    _rule(r"(?<![\w.])(\d{1,2})([KDGdg])(?![a-zA-Z])", lambda m: f"{integer(m[1])} {m[2]}" if m[2] != "K" or int(m[1]) in (2, 4, 5, 6, 8) else None, 0),
    _rule(rf"(?<![\w.,])({_N})(k|M|B|bn|mn)(?![a-zA-Z])", _scaled, 0),
    _rule(rf"(?<![\w.,])({_N})K(?![a-zA-Z])", lambda m: f"{number(m[1])} thousand", 0),
    _rule(r"(?<![\w.])(720|1080|1440|2160)p(?![a-z])", lambda m: f"{integer(m[1][:-2])} {integer(m[1][-2:])} P"),
    _rule(rf"(?<![\w.,])([-+−]?{_N})[\s-]?({_UNIT})(?![a-z])", _measured),
    _rule(rf"(?<![\w.,])({_N})x(?!\w)", lambda m: f"{number(m[1])} times"),
    # Numbers that are names
    _rule(r"(?<!\w)(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b", lambda m: ordinal(m[1])),
    _rule(r"(?<!\w)(?:No\.|#)\s?(?=\d)", lambda _: "number "),
    _rule(r"(?<!\w)['’]?((?:1[1-9]|20)?\d0)s\b", lambda m: plural(year(int(m[1])) if len(m[1]) == 4 else integer(m[1]))),
    _rule(rf"(?<=\b)(?:(?<=\bin )|(?<=since )|(?<=\bby )|(?<=until )|(?<=from )|(?<=year )|(?<=before )|(?<=after )|(?<=during )|(?<=early )|(?<=late )|(?<=summer )|(?<=winter )|(?<=spring )|(?<=January )|(?<=February )|(?<=March )|(?<=April )|(?<=May )|(?<=June )|(?<=July )|(?<=August )|(?<=September )|(?<=October )|(?<=November )|(?<=December ))((?:1[1-9]|20)\d\d)(?![\d,]\d|\d|\s(?:{_UNIT}|people|followers|viewers|units|items|pieces|dollars|orders)\b)", lambda m: year(int(m[1]))),
    _rule(r"(?<=[A-Za-z])[- ]?(\d+)(?![\d.,]\d|\d)(?<=[A-Za-z]\d)(?!\d)|(?<=[A-Za-z])(\d+)", lambda m: _model_number(m[1] or m[2])),
    _rule(r"(?<![\w.,$€£¥-])((?:19|20)\d\d)(?=\s?(?:[.!?;:)]|$|,\s|(?:was|is|will|has|had|model|edition|collection|season|version)\b))(?!\.\d)", lambda m: year(int(m[1]))),
    _rule(rf"(?<!\w)[-−]{_N}|{_N}", _plain),
    _rule(r"(?<=[a-z])\+(?!\w)", lambda _: " plus"),
)  # fmt: skip


def _apart(reading: Callable[[Match[str]], str | None]) -> Callable[[Match[str]], str | None]:
    """What is said, with spaces where letters of the text would touch it: 10%off, H2O."""

    def said(match: Match[str]) -> str | None:
        words = reading(match)
        if words:
            text, begin, end = match.string, match.start(), match.end()
            words = " " * (text[begin - 1 : begin].isalpha() and words[0].isalpha()) + words
            words += " " * (text[end : end + 1].isalpha() and words[-1].isalpha())
        return words

    return said


_READY = tuple((pattern, _apart(reading)) for pattern, reading in RULES)


def as_said(sentence: Text) -> Text:
    """A sentence without figures and abbreviations."""
    for pattern, reading in _READY:
        sentence = sentence.sub(pattern, reading)
    return sentence
