"""What rules say of advertising and contacts."""

import time

import numpy as np
import pytest

from moderation_features.rules import CONTACT, SPAM, rules


def judged(line: str) -> tuple[float, float]:
    codes = np.array([ord(character) for character in line], np.int32)
    scores = rules([line], codes, np.zeros(len(codes), np.int32))
    return float(scores[0, SPAM]), float(scores[0, CONTACT])


@pytest.mark.parametrize(
    "line",
    [
        "加v：abc12345",
        "微信号 hello_kitty99",
        "薇信 xiaomei88",
        "加qq 1234567890",
        "扣扣 12 345 678 9",
        "电话一三八一二三四五六七八",
        "138-1234-5678",
        "1 3 8 1 2 3 4 5 6 7 8",
        "see www.example.com",
        "http://a.b",
        "shop.example.top has it",
        "t.me/some_channel1",
        "telegram: @seller_01",
        "whatsapp +4915112345678",
        "mail me at someone@example.org",
        "call 415-555-0132",
    ],
)
def test_a_contact_is_seen(line: str) -> None:
    assert judged(line)[1] >= 0.7


@pytest.mark.parametrize(
    "line",
    [
        "我要买三件",
        "身高160体重50",
        "v5",
        "这个199还是299",
        "2026-11-30 20:00",
        "what time is it",
        "gg wp 10/10",
        "主播加油",
        "第1234名",
        "ok.so what",
        "it costs 1,299.00",
    ],
)
def test_ordinary_lines_have_no_contact(line: str) -> None:
    assert judged(line)[1] < 0.5


@pytest.mark.parametrize(
    "line",
    [
        "刷单日结，加微 abc123",
        "free followers click here",
        "earn $500 a day",
        "买粉涨粉找我",
        "限时优惠 代购 加v abc12345",
    ],
)
def test_advertising_is_seen(line: str) -> None:
    assert judged(line)[0] >= 0.7


@pytest.mark.parametrize(
    "line",
    [
        "有优惠吗",
        "这件衣服包邮吗",
        "is there a discount",
        "哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈",
    ],
)
def test_what_customers_ask_is_no_advertising(line: str) -> None:
    assert judged(line)[0] < 0.5


def test_a_line_that_repeats_itself_is_suspect() -> None:
    assert judged("关注我的店铺有惊喜" * 8)[0] >= 0.5


@pytest.mark.parametrize(
    "line",
    [
        "1 " * 2000,
        "a." * 2000,
        "微信" * 600,
        "a@" * 2000,
        "加" * 1300,
        "http" * 1000,
        "." * 4096,
        "-1" * 2000,
        "aaaa@" + "a" * 4000,
    ],
)
def test_no_line_takes_long(line: str) -> None:
    begin = time.process_time()
    judged(line)
    assert time.process_time() - begin < 0.1
