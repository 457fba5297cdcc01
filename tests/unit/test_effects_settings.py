"""Settings: what is taken, and what is said of what is not."""

import json
from dataclasses import asdict

import pytest

from effects import settings
from effects.settings import Settings, SettingsError, parse
from effects.stickers import STICKERS


def test_nothing_asked_for_changes_nothing() -> None:
    for text in (
        "{}",
        b"{}",
        '{"sticker": null}',
        '{"sticker": "", "format": "same"}',
        '{"sticker": "cat", "sticker_strength": 0}',
    ):
        assert not parse(text).changes_picture


def test_all_that_may_be_said_comes_through() -> None:
    said = Settings(0.1, 0.2, 0.3, 0.4, "crown", 0.5, 0.6, 0.7, "webp", 80)
    assert parse(json.dumps(asdict(said))) == said
    assert parse('{"blur": 1}').blur == 1.0


def test_every_sticker_that_is_taken_can_be_drawn() -> None:
    assert set(settings.STICKERS) == set(STICKERS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "settings are not JSON"),
        (b"\xff", "settings are not JSON"),
        ("[1]", "settings are [1]; send a JSON object"),
        ('{"blurr": 1}', 'settings have "blurr"; known are blur, replace,'),
        ('{"blur": 1.5}', "blur is 1.5; it must be a number from 0 to 1"),
        ('{"blur": -0.1}', "blur is -0.1; it must be a number from 0 to 1"),
        ('{"blur": NaN}', "blur is NaN; it must be a number from 0 to 1"),
        ('{"smooth": "a lot"}', 'smooth is "a lot"; it must be a number from 0 to 1'),
        ('{"brighten": true}', "brighten is true; it must be a number from 0 to 1"),
        ('{"threshold": 3}', "threshold is 3; it must be a number from 0 to 2"),
        ('{"quality": 0}', "quality is 0; it must be a whole number from 1 to 100"),
        ('{"quality": 90.5}', "quality is 90.5; it must be a whole number from 1 to 100"),
        ('{"format": "gif"}', 'format is "gif"; it must be one of same, jpeg, png, webp, ppm'),
        ('{"sticker": "dog"}', 'sticker is "dog"; it must be one of glasses, crown, cat, hearts'),
        ('{"sticker": 5}', "sticker is 5; it must be one of"),
        ('{"sticker": []}', "sticker is []; it must be one of"),
        (r'{"sticker": "\ud800"}', r'sticker is "\ud800"; it must be one of'),
        (r'{"\udfff": 1}', r'settings have "\udfff"; known are'),
        ("[" * 4_000, "settings are not JSON"),
        ("[" * 100_000, "settings are 100000 bytes long; at most 4096 are read"),
        (json.dumps({"sticker": "x" * 1000}), "...; it must be one of"),
    ],
)
def test_what_is_wrong_is_named_with_what_would_be_right(text: str | bytes, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(text)
    assert said in str(refused.value)
    assert len(str(refused.value).encode()) < 200
