"""What becomes of lines of chat, given what the models say of them."""

import json
import time
from collections.abc import Sequence
from typing import Any

import pytest
from liveroom._moderation import CATEGORIES as CLIENTS
from liveroom._moderation import DEFAULT_THRESHOLD

from chat.messages import Message, Mood, Scored
from chat.resume import LONGEST, MOST, State
from chat.room import THRESHOLDS, Room
from chat.settings import CATEGORIES, Settings, SettingsError, parsed

CALM = Mood(0.1, 0.8, 0.1)
GLAD, SAD = Mood(0.0, 0.1, 0.9), Mood(0.9, 0.1, 0.0)


def settings(**wanted: object) -> Settings:
    return parsed(json.dumps(wanted).encode(), Settings, "settings")


def room(state: bytes = b"", **wanted: object) -> Room:
    return Room(settings(**wanted), parsed(state, State, "state", LONGEST))


def line(text: str, pts: float = 0.0, viewer: str = "v", role: str = "viewer", id_: str = "") -> Message:
    return Message(id_ or f"{viewer}-{pts:g}", viewer, role, text, pts)


def scored(mood: Mood = CALM, language: str = "en", **scores: float) -> Scored:
    return Scored(language, mood, dict.fromkeys(CATEGORIES, 0.01) | scores)


def judged(of: Room, messages: Sequence[Message], *found: Scored) -> list[dict[str, Any]]:
    """The events "moderated"; `found` is for each line, or one for all."""
    events = of.judge(messages, found if len(found) == len(messages) else [*found] * len(messages))
    return [event for event in events if event["kind"] == "moderated"]


def rules(event: dict[str, Any]) -> list[str]:
    return [reason["rule"] for reason in event["reasons"]]


@pytest.mark.parametrize(("level", "stopped"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)])
def test_a_stricter_level_stops_more(level: int, stopped: int) -> None:
    found = [scored(insult=score) for score in (0.95, 0.8, 0.6, 0.4, 0.2)]
    messages = [line("…", pts) for pts in range(5)]
    events = judged(room(level=level), messages, *found)
    assert [event["action"] for event in events] == ["hold"] * stopped + ["allow"] * (5 - stopped)


def test_what_is_said_of_the_room_is_in_the_language_of_most_lines() -> None:
    messages = [line("", pts, f"v{pts}") for pts in range(0, 12, 3)]
    found = [scored(mood, "en" if mood is SAD else "zh") for mood in (GLAD, GLAD, GLAD, SAD)]
    moods = [str(event["reason"]) for event in room().judge(messages, found) if event["kind"] == "mood"]
    assert len(moods) == 2
    assert all(mood.startswith("观众") for mood in moods)


def test_a_reason_names_category_score_and_rule_in_the_language_of_the_line() -> None:
    english, chinese = judged(
        room(), [line("a", 1), line("乙", 2)], scored(hate=0.91), scored(language="zh", hate=0.91)
    )
    assert english["reasons"] == [
        {
            "rule": "category",
            "action": "hold",
            "category": "hate",
            "score": 0.91,
            "threshold": 0.7,
            "text": "91% likely to be hate against a group, from 70% on it is stopped",
        }
    ]
    assert "针对群体的仇恨" in chinese["reasons"][0]["text"]
    (told,) = judged(room(language="zh"), [line("a")], scored(hate=0.91))
    assert "针对群体的仇恨" in told["reasons"][0]["text"], "as the room says"


def test_a_category_has_a_level_and_an_action_of_its_own() -> None:
    of = room(level=0, levels={"threat": 4, "spam": 3}, actions={"threat": "block"})
    events = judged(
        of,
        [line("a", 1), line("b", 2), line("c", 3)],
        scored(threat=0.4),
        scored(spam=0.6),
        scored(insult=1.0),
    )
    assert [event["action"] for event in events] == ["block", "hold", "allow"]


def test_words_are_found_however_they_are_written() -> None:
    of = room(words=[{"text": "傻逼", "action": "block"}, {"text": "ass"}])
    texts = ["你个傻 逼", "傻*逼", "ＡＳＳ!", "a\u200bss", "class", "傻瓜"]
    events = judged(of, [line(text, pts, f"v{pts}") for pts, text in enumerate(texts)], scored())
    assert [event["action"] for event in events] == ["block", "block", "hold", "hold", "allow", "allow"]


def test_an_expression_takes_time_in_proportion_to_the_line() -> None:
    of = room(patterns=[{"regex": "(a|aa)+$"}, {"regex": "(.*)*x"}])
    begin = time.process_time()
    (event,) = judged(of, [line("a" * 4000 + "b")], scored())
    assert event["action"] == "allow"
    assert time.process_time() - begin < 0.5


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"patterns": [{"regex": "(?=a)"}]}, r"pattern '\(\?=a\)' .* RE2"),
        ({"patterns": [{"regex": "("}]}, "missing"),
        ({"level": 7}, r"<= 4.*level"),
        ({"levels": {"insults": 2}}, r"'insults'.*insult, hate"),
        ({"levl": 2}, "levl"),
        ({"exempt": ["king"]}, "king"),
        ({"words": [{"text": ""}]}, r"words\[0\].text"),
        ({"flood": {"messages": 0}}, "messages"),
    ],
)
def test_wrong_settings_name_the_value(wanted: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Room(settings(**wanted), State())


def test_settings_that_are_wrong_leave_those_before_in_force() -> None:
    of = room(words=[{"text": "spoiler"}])
    with pytest.raises(SettingsError):
        list(of.change(settings(patterns=[{"regex": "("}])))
    assert judged(of, [line("a spoiler")], scored())[0]["action"] == "hold"


def test_an_allowed_word_counts_for_nothing() -> None:
    of = room(allowed=["Scunthorpe"])
    assert "scunthorpe" not in of.to_score(line("I love SCUNTHORPE United"))
    assert of.to_score(line("I love it")) == "I love it"


def test_a_host_is_never_stopped() -> None:
    (event,) = judged(room(), [line("…", role="host")], scored(insult=1.0))
    assert (event["action"], event["reasons"]) == ("allow", [])
    (event,) = judged(room(exempt=[]), [line("…", role="host")], scored(insult=1.0))
    assert event["action"] == "hold"


def test_one_who_writes_too_much_is_stopped_and_the_others_are_not() -> None:
    of = room(flood={"messages": 5, "seconds": 10})
    many = judged(of, [line(f"hello {n}", n / 10, "flooder") for n in range(8)], scored())
    assert [event["action"] for event in many] == ["allow"] * 5 + ["hold"] * 3
    assert rules(many[-1]) == ["flood"]
    assert judged(of, [line("hello", 1, "else")], scored())[0]["action"] == "allow"
    assert judged(of, [line("hello", 20, "flooder")], scored())[0]["action"] == "allow", "later"


def test_repeating_a_sentence_is_stopped_but_not_cheering() -> None:
    of = room(flood={"repeats": 3})
    sold = judged(of, [line("加我微信领取红包，先到先得", pts) for pts in range(3)], scored())
    assert [rules(event) for event in sold] == [[], [], ["repeat"]]
    cheered = judged(of, [line("6" * (10 + pts), pts + 5, "fan") for pts in range(6)], scored())
    assert {event["action"] for event in cheered} == {"allow"}


def test_a_line_that_many_paste_is_a_raid_and_a_common_cheer_is_none() -> None:
    of = room(flood={"raid_viewers": 5})
    raid = judged(of, [line("visit my channel now", n, f"v{n}") for n in range(6)], scored())
    assert [rules(event) for event in raid] == [[], [], [], [], ["raid"], ["raid"]]
    cheer = judged(of, [line("awsl", 10 + n / 10, f"w{n}") for n in range(20)], scored())
    assert {event["action"] for event in cheer} == {"allow"}


def test_a_burst_suggests_slow_mode_once_a_minute() -> None:
    of = room()
    list(of.judge([line("hi", pts, f"v{pts}") for pts in range(120)], [scored()] * 120))
    burst = [line("hi", 120 + n / 20, f"w{n}") for n in range(200)]
    told = [event for event in of.judge(burst, [scored()] * 200) if event["kind"] == "suggestion"]
    assert [event["action"] for event in told] == ["slow_mode"]
    assert 3 <= float(str(told[0]["seconds"])) <= 120


def test_blocked_lines_add_up_to_a_blocked_viewer_who_may_come_back() -> None:
    of = room(actions={"threat": "block"}, strikes={"blocked": 2, "seconds": 60})
    judged(of, [line("…", 1), line("…", 2)], scored(threat=1.0))
    (event,) = judged(of, [line("hello", 3)], scored())
    assert (event["action"], rules(event)) == ("block", ["blocked"])
    assert judged(of, [line("hello", 3, "else")], scored())[0]["action"] == "allow"
    assert judged(of, [line("hello", 63)], scored())[0]["action"] == "allow"


def test_another_server_knows_who_is_blocked_and_what_is_held() -> None:
    of = room(actions={"threat": "block"}, strikes={"blocked": 1, "seconds": 60})
    judged(of, [line("…", 1)], scored(threat=1.0))
    judged(of, [line("…", 2, "rude", id_="m7")], scored(insult=1.0))
    state = of.state()
    assert of.state() == b"", "told once"
    next_one = room(state, actions={"threat": "block"}, strikes={"blocked": 1, "seconds": 60})
    assert rules(judged(next_one, [line("hello", 5)], scored())[0]) == ["blocked"]
    (event,) = next_one.change(settings(resolve=[{"id": "m7", "action": "allow"}, {"viewer": "v"}]))
    assert (event["kind"], event["of"], event["action"]) == ("moderated", "m7", "allow")
    assert judged(next_one, [line("hello", 6)], scored())[0]["action"] == "allow"


def test_what_a_room_hands_on_is_bounded() -> None:
    of = room(strikes={"blocked": 2, "seconds": 60}, actions={"threat": "block"})
    for n in range(2 * MOST):
        viewer = f"{n:0127d}"
        judged(of, [line("…", n / 1e4, viewer), line("…", n / 1e4, viewer)], scored(threat=1.0))
        judged(of, [line("…", n / 1e4, viewer + "x", id_=f"{n:064d}")], scored(insult=1.0, threat=1.0))
        judged(of, [line("…", n / 1e4, f"{n}", id_=f"{n:064d}")], scored(insult=1.0))
    state = of.state()
    assert len(state) < LONGEST
    assert room(state)


@pytest.mark.parametrize(
    "state", [b"[]", b'{"held": 5}', b"\xff", b'{"blocked": {"v": "never"}}', b"[" * 10_000]
)
def test_a_state_that_is_none_is_refused(state: bytes) -> None:
    with pytest.raises(SettingsError, match="state cannot be taken"):
        room(state)


def test_whoever_pastes_fifty_lines_is_one_voice_in_the_mood() -> None:
    of = room(flood={"messages": 100})
    told = list(of.judge([line("bad", n / 100, "angry") for n in range(50)], [scored(SAD)] * 50))
    told += of.judge([line("nice", 3 + n / 10, f"v{n}") for n in range(9)], [scored(GLAD)] * 9)
    told += of.judge([line("nice", 8, "v0")], [scored(GLAD)])
    moods = [event for event in told if event["kind"] == "mood"]
    assert float(str(moods[0]["valence"])) < -0.5
    assert float(str(moods[-1]["valence"])) > 0.5
    assert moods[-1]["who"] == "audience"


def test_the_host_has_a_mood_of_its_own_and_stopped_lines_have_none() -> None:
    of = room()
    told = list(
        of.judge([line("great", 1, "h", "host"), line("…", 2)], [scored(GLAD), scored(SAD, insult=1.0)])
    )
    assert [event["who"] for event in told if event["kind"] == "mood"] == ["host"]


def test_a_line_that_is_too_long_to_judge_is_held() -> None:
    long = "好" * 10_000
    of = room()
    assert len(of.to_score(line(long)).encode()) <= 4096
    (event,) = judged(of, [line(long)], scored())
    assert (event["action"], rules(event)) == ("hold", ["length"])
    assert event["text"] == long, "what is shown is never touched"


def test_the_default_level_and_the_categories_are_those_of_moderation() -> None:
    assert THRESHOLDS[Settings().level] == DEFAULT_THRESHOLD
    assert CATEGORIES == CLIENTS


def test_a_room_that_begins_on_another_server_carries_out_what_was_not_yet() -> None:
    state = b'{"blocked": {"v": 900}, "held": ["m7"]}'
    of = room(state, resolve=[{"id": "m7", "action": "block"}, {"viewer": "v"}])
    (event,) = of.begin(500.0)
    assert (event["of"], event["action"], event["pts_start"]) == ("m7", "block", 500.0)
    assert judged(of, [line("hello", 501)], scored())[0]["action"] == "allow"
    assert room(of.state()).state() == b""


@pytest.mark.parametrize(
    ("word", "found", "not_found"),
    [
        ("💩", ["💩", "你 💩 的", "💩💩"], ["🐶"]),
        ("👍🏽", ["👍", "👍🏿"], ["👎"]),
        ("≡国", ["≡国", "≡ 国"], ["国"]),
        ("🐴死了", ["你的🐴死了"], ["他死了"]),
        ("(三)", ["(三)", "（三）", "㈢"], ["三", "三个"]),
        ("㈢", ["㈢", "(三)"], ["三"]),
        ("他妈的！", ["他妈的！", "他妈的", "他 妈 的"], ["他的妈"]),
        ("骗子,滚", ["骗子,滚", "骗子，滚", "骗子滚"], ["骗子"]),
        ("法·轮", ["法·轮", "法轮", "法✨轮"], ["轮法"]),
        ("→_→", ["→_→", "哈 →_→"], ["→→"]),
        ("$$$", ["$$$", "$ $ $"], ["$$"]),
        ("傻b", ["傻b", "傻 b", "傻.b", "傻 B you", "大傻b啊"], ["傻boy", "b傻"]),
        ("A 片", ["A 片", "a片", "看a.片"], ["usa片", "片"]),
        ("加 v 信", ["加v信", "加 V 信", "加🐶v🐶信"], ["加信"]),
        ("badword", ["badword", "_badword_", "badword2", "2badword", "*badword*", "badword啊"], ["badwords"]),
        ("刷单", ["刷\ue000单"], ["刷"]),
        ("ass", ["ass", "you ass!"], ["as soon", "class", "a s s"]),
        ("666", ["666", "哈666哈"], ["6666", "1666"]),
    ],
)
def test_words_are_found_as_they_are_written_and_hidden(
    word: str, found: list[str], not_found: list[str]
) -> None:
    lines = [line(text, pts, f"v{pts}") for pts, text in enumerate([*found, *not_found])]
    events = judged(room(words=[{"text": word}], level=0), lines, scored())
    assert [rules(event) for event in events] == [["word"]] * len(found) + [[]] * len(not_found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("路口交通已恢复！", []),
        ("共产党是白名单", []),
        ("三黄片", []),
        ("黄片不是三黄片", ["黄片"]),
        ("Dick Van Dyke was a dick", ["dick"]),
        ("dick van dyke", []),
        ("口。三黄片。交", []),
    ],
)
def test_a_word_within_an_allowed_one_does_not_count(text: str, words: list[str]) -> None:
    listed = [{"text": word} for word in ("口交", "共产", "黄片", "dick")]
    allowed = ["路口交通", "共产党", "三黄片", "dick van dyke"]
    of = room(words=listed, allowed=allowed, level=0)
    (event,) = judged(of, [line(text)], scored())
    assert [reason["found"] for reason in event["reasons"]] == words


def test_a_word_that_cannot_be_seen_is_refused() -> None:
    with pytest.raises(SettingsError, match="nothing that can be seen"):
        room(words=[{"text": "\u200b\u200d"}])


def test_a_reason_is_in_the_language_of_a_line_that_the_models_saw_nothing_of() -> None:
    of = room(words=[{"text": "鸡"}], allowed=["三黄片"], level=0)
    (event,) = judged(of, [line("三黄片 鸡")], scored(language="und"))
    assert event["reasons"][0]["text"].startswith("含有词语")
