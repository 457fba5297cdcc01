"""How English reads numbers."""

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
LONGEST_INTEGER = 15
"""Digits that are read as one number; more are a code, digit by digit."""


def digits(number: str) -> str:
    """Digit by digit."""
    return " ".join(_ONES[int(digit)] for digit in number if digit.isdigit())


def integer(number: str | int) -> str:
    """A whole number such as "1,299": one thousand two hundred ninety nine."""
    text = str(number).replace(",", "")
    if len(text) > LONGEST_INTEGER:
        return digits(text)
    value = int(text)
    if value < 20:
        return _ONES[value]
    if value < 100:
        tens, rest = divmod(value, 10)
        return _TENS[tens] + (f" {_ONES[rest]}" if rest else "")
    size, name = next(scale for scale in _SCALES if value >= scale[0])
    count, rest = divmod(value, size)
    return f"{integer(count)} {name}" + (f" {integer(rest)}" if rest else "")


def number(value: str) -> str:
    """A whole number or a decimal, with or without sign and commas: minus three point five."""
    sign = "minus " if value[0] in "-−" else ""
    whole, _, fraction = value.lstrip("+-−").replace(",", "").partition(".")
    return sign + integer(whole or "0") + (f" point {digits(fraction)}" if fraction else "")


def ordinal(value: str | int) -> str:
    """Twenty first, of 21."""
    *front, last = integer(value).split()
    usual = last[:-1] + "ieth" if last.endswith("y") else f"{last}th"
    last = _ORDINALS.get(last, usual)
    return " ".join([*front, last])


def year(value: int) -> str:
    """Twenty twenty six, of 2026."""
    century, rest = divmod(value, 100)
    if value % 1000 < 10 or not 1100 <= value <= 2099:
        return integer(value)
    if not rest:
        return f"{integer(century)} hundred"
    return f"{integer(century)} {'oh ' if rest < 10 else ''}{integer(rest)}"


def plural(words: str) -> str:
    """Nineties, of ninety."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith(("s", "x", "ch", "sh")) else "s")
