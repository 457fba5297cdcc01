"""`chat` through the client: each line is decided on once, in order, whatever happens to the server."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from liveroom import (
    AsyncClient,
    InvalidInput,
    Moderated,
    Retries,
    RoomMood,
    ServerUnavailable,
    Timeouts,
)
from liveroom._event_queue import Event
from liveroom.cli import main

from server import Triton
from tests.triton.rooms import stub
from tests.triton.told_metrics import asked, told

LINES = (
    "主播好棒",
    "what a lovely song",
    "666",
    "you are a fucking idiot",
    "spoiler: he dies",
    "",
    "😀",
    "ok",
)
SETTINGS: Mapping[str, object] = {"language": "en", "words": [{"text": "spoiler", "action": "block"}]}


@pytest.fixture
async def client(text_triton: Triton) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(text_triton.grpc) as client:
        yield client


async def events(
    client: AsyncClient, lines: Sequence[str], settings: Mapping[str, object] = SETTINGS
) -> list[Event]:
    """All that a room tells of lines, each of another viewer and a second after the one before."""
    async with client.room("chat", chat=settings) as room:
        for number, text in enumerate(lines):
            await room.send_chat(text, viewer=f"v{number}", pts=number)
        await room.end()
        return [event async for event in room.events()]


def decided(told: Sequence[Event]) -> list[Moderated]:
    return [event for event in told if isinstance(event, Moderated)]


async def test_every_line_is_decided_on_in_order_with_reasons(client: AsyncClient) -> None:
    told = await events(client, LINES)
    lines = decided(told)
    assert [line.text for line in lines] == list(LINES)
    assert [line.action for line in lines] == ["allow"] * 3 + ["hold", "block"] + ["allow"] * 3
    insult, word = lines[3].reasons, lines[4].reasons
    assert {reason.rule for reason in insult} == {"category"}
    assert all(reason.score and reason.threshold and reason.score >= reason.threshold for reason in insult)
    assert [reason.text for reason in word if reason.rule == "word"] == ["has the word “spoiler”"]
    assert lines[1].sentiment["positive"] > lines[1].sentiment["negative"]
    assert [lines[0].language, lines[1].language, lines[6].language] == ["zh", "en", "und"]
    assert any(isinstance(event, RoomMood) for event in told)


async def test_rooms_at_once_get_what_each_gets_alone(client: AsyncClient) -> None:
    alone = decided(await events(client, LINES))
    async with asyncio.TaskGroup() as tasks:
        together = [tasks.create_task(events(client, LINES)) for _ in range(12)]
    for task in together:
        for mine, other in zip(alone, decided(task.result()), strict=True):
            assert mine.action == other.action
            assert mine.scores == pytest.approx(other.scores, abs=2e-4)


async def test_a_chat_whose_process_dies_forgets_nobody_and_loses_no_line(
    client: AsyncClient, text_triton: Triton
) -> None:
    settings = {"words": [{"text": "spoiler", "action": "block"}], "strikes": {"blocked": 1, "seconds": 600}}
    told: list[Event] = []
    async with client.room("chat", chat=settings) as room:
        some = asyncio.Event()

        async def read() -> None:
            async for event in room.events():
                told.append(event)
                if len(told) > 50:
                    some.set()

        reading = asyncio.create_task(read())
        await room.send_chat("a spoiler", viewer="rude", pts=0)
        for number in range(300):
            if number == 150:
                await some.wait()  # and some of the lines are under way
                stub(text_triton, "chat").kill()
            await room.send_chat(f"line {number}", viewer=f"v{number}", pts=number / 10)
        await room.send_chat("hello again", viewer="rude", pts=30)
        await room.end()
        await reading
    lines = decided(told)
    assert [line.text for line in lines] == ["a spoiler", *(f"line {n}" for n in range(300)), "hello again"]
    assert [reason.rule for reason in lines[-1].reasons] == ["blocked"]


async def test_a_chat_whose_process_hangs_goes_on_and_nothing_is_told_twice(
    text_triton: Triton, caplog: pytest.LogCaptureFixture
) -> None:
    """What hangs is asked again on another stream, as captions are, once `Timeouts.stall` is over."""
    caplog.set_level(logging.INFO, "liveroom")
    timeouts = Timeouts(stall=1.0)
    async with AsyncClient(text_triton.grpc, timeouts=timeouts) as client, client.room("chat") as room:
        await room.send_chat("before", viewer="v")
        reader = room.events()
        told = [await anext(reader)]
        process = stub(text_triton, "chat")
        process.suspend()
        try:
            for number in range(5):
                await room.send_chat(f"line {number}", viewer="v")
            await asyncio.sleep(2.5)
        finally:
            process.resume()
        await room.end()
        told += [event async for event in reader]
    assert [line.text for line in decided(told)] == ["before", *(f"line {n}" for n in range(5))]
    assert "its stream ended (server_unavailable)" in caplog.text


async def test_settings_that_meet_a_lost_server_do_not_end_the_chat(
    client: AsyncClient, text_triton: Triton
) -> None:
    async with client.room("chat") as room:
        await room.send_chat("before", viewer="v")
        reader = room.events()
        told = [await anext(reader)]
        stub(text_triton, "chat").kill()
        await room.moderate_chat({"words": [{"text": "hmm"}]})
        await asyncio.sleep(1)  # and nobody writes when it finds out
        await room.send_chat("hmm", viewer="v")
        await room.end()
        told += [event async for event in reader]
    assert [line.action for line in decided(told)] == ["allow", "hold"]


async def test_what_becomes_of_lines_is_counted(client: AsyncClient, text_triton: Triton) -> None:
    def count() -> dict[str, float]:
        return {
            action: told(text_triton, action=action)["liveroom_chat_lines_total"]
            for action in ("allow", "hold", "block")
        }

    before = count()
    await events(client, ["hello", "a spoiler", "bye"])
    after = count()
    assert {action: after[action] - before[action] for action in after} == {"allow": 2, "hold": 0, "block": 1}
    assert asked("liveroom_chat") <= told(text_triton).keys()


async def test_a_moderator_decides_on_what_was_held(client: AsyncClient) -> None:
    async with client.room("chat", chat={"words": [{"text": "hmm"}]}) as room:
        held = await room.send_chat("hmm", viewer="v")
        reader = room.events()
        first = [await anext(reader) for _ in range(1)]
        await room.moderate_chat({"resolve": [{"id": held, "action": "allow"}]})
        await room.send_chat("ok", viewer="v")
        await room.end()
        lines = decided([*first, *[event async for event in reader]])
    assert [(line.of, line.action) for line in lines] == [
        (held, "hold"),
        (held, "allow"),
        ("chat-2", "allow"),
    ]


async def test_no_decision_is_lost_however_fast_they_come_and_settings_stay(client: AsyncClient) -> None:
    async with client.room("chat", chat={"words": [{"text": "hmm"}]}) as room:
        await room.moderate_chat({"resolve": [{"viewer": "banned", "action": "block"}]})
        held = [await room.send_chat(f"hmm {number}", viewer=f"v{number}") for number in range(5)]
        reader = room.events()
        while decided([await anext(reader)])[0].of != held[-1]:
            pass
        for each in held:
            await room.moderate_chat({"resolve": [{"id": each, "action": "block"}]})
        last = await room.send_chat("hmm", viewer="v")
        barred = await room.send_chat("hello", viewer="banned")
        await room.end()
        rest = {line.of: line.action for line in decided([event async for event in reader])}
    assert rest == {**dict.fromkeys(held, "block"), last: "hold", barred: "block"}


async def test_settings_hold_from_the_next_line_on(client: AsyncClient) -> None:
    """However fast they follow a line; and so do decisions on it."""
    insult = "you are a fucking idiot"
    async with client.room("chat", chat=SETTINGS) as room:
        for level in (0, 3, 0, 3):
            await room.send_chat(insult, viewer="v")
            await room.moderate_chat({"language": "en", "level": level})
        held = await room.send_chat(insult, viewer="v")
        await room.moderate_chat(
            {"resolve": [{"id": held, "action": "allow"}, {"viewer": "x", "action": "block"}]}
        )
        barred = await room.send_chat("hello", viewer="x")
        await room.moderate_chat({"resolve": [{"viewer": "x", "action": "allow"}]})
        free = await room.send_chat("hello again", viewer="x")
        await room.end()
        lines = decided([event async for event in room.events()])
    assert [line.action for line in lines[:4]] == ["hold", "allow", "hold", "allow"]
    assert [(line.of, line.action) for line in lines[4:]] == [
        (held, "hold"),
        (held, "allow"),
        (barred, "block"),
        (free, "allow"),
    ]


async def test_settings_that_are_refused_leave_those_before(client: AsyncClient) -> None:
    async with client.room("chat", chat={"words": [{"text": "hmm"}]}) as room:
        await room.send_chat("hmm", viewer="v")
        await room.moderate_chat({"level": 33})
        reader = room.events()
        told = [await anext(reader)]
        await asyncio.sleep(0.5)
        with pytest.raises(InvalidInput, match="level"):
            await room.send_chat("hmm", viewer="v")
        await room.send_chat("hmm", viewer="v")
        await room.moderate_chat({"level": 44})
        await room.moderate_chat({"level": 0})
        await room.send_chat("hmm", viewer="v")
        with pytest.raises(InvalidInput, match="level"):
            await room.end()
        told += [event async for event in reader]
    assert [line.action for line in decided(told)] == ["hold", "hold", "allow"]


async def test_lines_that_no_server_answers_are_counted_by_the_end_and_end_the_events() -> None:
    """Of a room that has chat alone; whoever listens is told too."""
    nowhere = AsyncClient("127.0.0.1:9", retries=Retries(attempts=2), timeouts=Timeouts(reconnect=1))
    async with nowhere as client, client.room("chat") as room:
        for number in range(3):
            await room.send_chat(f"line {number}")
        with pytest.raises(ServerUnavailable, match="lines of chat without an answer: 3"):
            async for _ in room.events():
                pass
        with pytest.raises(ServerUnavailable, match="without an answer: 3"):
            await room.end()


@pytest.mark.parametrize("settings", [{"level": 9}, {"patterns": [{"regex": "(?=a)"}]}, {"levl": 1}])
async def test_settings_that_are_wrong_end_the_chat_and_not_the_server(
    client: AsyncClient, settings: Mapping[str, object]
) -> None:
    with pytest.raises(InvalidInput, match=r"level|RE2|levl"):
        await events(client, ["hello"], settings)
    assert len(decided(await events(client, ["hello"]))) == 1


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"text": [["a", "b"]], "pts": [[1.0]]}, "pts has 1 entries, text has 2"),
        ({"text": [["a"]], "pts": [[float("nan")]]}, "pts of line 1 is nan"),
        ({"text": [["a"]], "pts": [[1.0]], "role": [["king"]]}, "role of line 1 is 'king'"),
        ({"text": [["a"]], "pts": [[1.0]], "viewer": [["x" * 129]]}, "viewer of line 1 has 129 bytes"),
        ({"text": [["a"] * 257], "pts": [[1.0] * 257]}, "257 lines; send at most 256"),
        ({"text": [["a"]], "pts": [[1.0]], "state": "{"}, "state cannot be taken"),
        ({"text": [["x" * 65537]], "pts": [[1.0]]}, "line 1 has 65537 bytes"),
    ],
)
async def test_a_request_that_is_wrong_is_refused_by_name(
    client: AsyncClient, inputs: dict[str, object], message: str
) -> None:
    async with client.stream("chat", sequence=True) as stream:
        with pytest.raises(InvalidInput, match=message):
            await stream.ask(inputs)  # type: ignore[arg-type]


async def test_text_that_is_none_is_judged_as_it_can_be_read(client: AsyncClient) -> None:
    texts = [
        b"\xff\xfe",
        "\u202eabc".encode(),
        "\u200b\u200b".encode(),
        b"\x00",
        "👍🏽".encode(),
        b"a" * 10_000,
    ]
    async with client.stream("chat", sequence=True) as stream:
        (answer,) = await stream.ask({"text": [texts], "pts": np.zeros((1, len(texts)))})
        told = [json.loads(bytes(event)) for event in answer["events"].reshape(-1)]
        assert [event["action"] for event in told if event["kind"] == "moderated"] == ["allow"] * 5 + ["hold"]


def test_a_log_is_moderated_by_the_command(
    text_triton: Triton, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.csv"
    log.write_text("time_s,viewer,text\n" + "".join(f'{n},v{n},"{text}"\n' for n, text in enumerate(LINES)))
    assert main(["chat", str(log), "--json", "--url", text_triton.grpc]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["text"] for line in told] == list(LINES)
    assert {"text", "language", "sentiment", "scores", "action", "reasons"} <= told[0].keys()
    assert set(told[0]["sentiment"]) == {"negative", "neutral", "positive"}
    assert {"insult", "hate", "sexism", "sexual", "threat", "spam", "toxicity"} <= told[0]["scores"].keys()
    log.write_text("time_s,viewer,text\n0,a,fine\nlate,b,no\n")
    assert main(["chat", str(log), "--json", "--url", text_triton.grpc]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["text"] == "fine"
    assert "record 3: time_s is 'late'" in json.loads(printed.err)["message"]


@pytest.mark.thorough
@pytest.mark.parametrize("model", ["moderation", "sentiment"])
async def test_what_the_models_cannot_take_at_once_waits(text_triton: Triton, model: str) -> None:
    """A bound would have Triton overlook requests: see "Queues" in model_repository/README.md."""
    lines = [[f"第 {number} 条弹幕, line {number}"] for number in range(256)]
    async with AsyncClient(text_triton.grpc, retries=Retries(attempts=1)) as client:
        answers = await asyncio.gather(*(client.infer(model, {"text": lines}) for _ in range(200)))
    assert all(len(next(iter(answer.values()))) == len(lines) for answer in answers)
