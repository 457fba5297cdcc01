"""How Chinese reads numbers."""

DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_MYRIADS = ("", "万", "亿", "万亿")
LONGEST_INTEGER = 12
"""Digits that are read as one number; more are a code, digit by digit."""


def digits(number: str, one: str = "一") -> str:
    """Digit by digit; "幺" is what telephone numbers have for one."""
    return "".join(one if digit == "1" else DIGITS[int(digit)] for digit in number if digit.isdigit())


def integer(number: str) -> str:
    """A whole number such as "1299": 一千二百九十九."""
    number = number.replace(",", "").lstrip("0") or "0"
    if len(number) > LONGEST_INTEGER:
        return digits(number)
    if number == "0":
        return DIGITS[0]
    groups = [number[max(0, end - 4) : end] for end in range(len(number), 0, -4)]
    said = ""
    for index in range(len(groups) - 1, -1, -1):
        group = groups[index]
        if not int(group):
            continue
        if said and len(group.lstrip("0")) < 4:
            said += DIGITS[0]
        said += _thousands(group, leading=not said) + _MYRIADS[index]
    return said


def _thousands(group: str, *, leading: bool) -> str:
    """Up to four digits, not all zero."""
    said, gap = "", False
    group = group.lstrip("0")
    for place, digit in zip(range(len(group) - 1, -1, -1), group, strict=True):
        if digit == "0":
            gap = True
            continue
        name = "两" if digit == "2" and place == 3 else DIGITS[int(digit)]
        said += (DIGITS[0] if gap else "") + name + _PLACES[place]
        gap = False
    return said[1:] if leading and said.startswith("一十") else said


def number(value: str) -> str:
    """A whole number or a decimal, with or without sign and commas: 负三点五."""
    sign = "负" if value[0] in "-−" else ""
    whole, _, fraction = value.lstrip("+-−").replace(",", "").partition(".")
    said = integer(whole)
    if len(whole) == 5 and whole[0] == "2" and not sign and said.startswith("二万"):
        said = "两" + said[1:]
    return sign + said + (f"点{digits(fraction)}" if fraction else "")


def amount(value: str) -> str:
    """A number of things that are counted or paid: two is 两, and 79.90 is 79.9."""
    whole, _, fraction = value.replace(",", "").partition(".")
    trimmed = fraction.rstrip("0")
    if not trimmed and whole.lstrip("-−") == "2":
        return whole[:-1].replace("-", "负").replace("−", "负") + "两"
    return number(f"{whole}.{trimmed}" if trimmed else whole)
