"""`voice_mood` on the real server: who is excited, and that music, noise and silence have no mood."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from liveroom import AsyncClient, InvalidInput, RoomMood, VoiceMood
from liveroom.cli import main

from evaluation.speech import SAMPLE_RATE, Clip
from server import Triton

EMODB = Path(os.environ.get("LIVEROOM_EMODB", "emodb"))
EXCITED, CALM = "WFA", "LTN"
"""Sixth letters of the names: anger, joy, fear; boredom, sadness, neutral."""


@pytest.fixture
async def client(text_triton: Triton) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(text_triton.grpc) as client:
        yield client


async def test_a_voice_that_is_raised_is_more_excited(client: AsyncClient, corpus: dict[str, Clip]) -> None:
    audio = corpus["two_cities"].audio
    pieces = [audio[start * SAMPLE_RATE : (start + 6) * SAMPLE_RATE] for start in (0, 6, 12, 18)]
    mood: VoiceMood | None = None
    for piece in pieces:
        mood = await client.voice_mood(piece, SAMPLE_RATE, text="", baseline=mood.baseline if mood else None)
    assert mood is not None
    plain, louder, quicker = [
        await client.voice_mood(samples, rate, text="", baseline=mood.baseline)
        for samples, rate in (
            (pieces[0], SAMPLE_RATE),
            (pieces[0] * np.float32(4), SAMPLE_RATE),
            (pieces[0], SAMPLE_RATE * 5 // 4),  # higher and faster, like a tape
        )
    ]
    assert louder.arousal > plain.arousal + 0.05
    assert quicker.arousal > plain.arousal + 0.2
    assert plain.valence_confidence == 0, "nothing is said to have been said"


async def test_what_is_said_decides_on_valence(client: AsyncClient, corpus: dict[str, Clip]) -> None:
    audio = corpus["two_cities"].audio[: 5 * SAMPLE_RATE]
    glad, angry, chinese = [
        await client.voice_mood(audio, SAMPLE_RATE, text=text)
        for text in ("I love this, it is wonderful!", "This is awful, I hate it.", "太棒了，我非常喜欢！")
    ]
    assert glad.valence > 0.3 > -0.3 > angry.valence
    assert chinese.valence > 0.3
    assert glad.arousal == angry.arousal


async def test_the_server_listens_where_nobody_says_what_was_said(
    client: AsyncClient, corpus: dict[str, Clip]
) -> None:
    mood = await client.voice_mood(corpus["en-quick_brown_fox"].audio, SAMPLE_RATE)
    assert "fox" in mood.text.lower()


@pytest.mark.parametrize("kind", ["noise", "music", "silence", "click"])
async def test_what_is_no_voice_has_no_mood(client: AsyncClient, kind: str) -> None:
    time = np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE
    chord = np.sum([np.sin(2 * np.pi * hertz * time) for hertz in (261.6, 329.6, 392.0, 523.3)], axis=0)
    audio = {
        "noise": np.random.default_rng(0).normal(0, 0.1, len(time)),
        "music": 0.1 * chord * np.exp(-3 * (time % 0.5)),
        "silence": np.zeros(len(time)),
        "click": np.array([0.5]),
    }[kind]
    mood = await client.voice_mood(audio.astype(np.float32), SAMPLE_RATE)
    assert not mood.is_known
    assert (mood.arousal, mood.valence) == (0.5, 0.0)


async def test_batched_equals_solo(client: AsyncClient, corpus: dict[str, Clip]) -> None:
    pieces = [corpus["two_cities"].audio[n * 20_000 : n * 20_000 + 48_000 + 1000 * n] for n in range(8)]
    alone = [await client.voice_mood(piece, SAMPLE_RATE, text="well") for piece in pieces]
    together = await asyncio.gather(*(client.voice_mood(piece, SAMPLE_RATE, text="well") for piece in pieces))
    for one, other in zip(alone, together, strict=True):
        assert other.arousal == pytest.approx(one.arousal, abs=1e-5)
        assert other.valence == pytest.approx(one.valence, abs=1e-3)


async def test_bad_input_is_refused_by_name(client: AsyncClient) -> None:
    second = np.zeros(SAMPLE_RATE, np.float32)
    with pytest.raises(InvalidInput, match="longer than 30 s"):
        await client.voice_mood(np.zeros(31 * SAMPLE_RATE, np.float32), SAMPLE_RATE)
    with pytest.raises(InvalidInput, match="baseline has 3 numbers"):
        await client.voice_mood(second, SAMPLE_RATE, baseline=(1.0, 2.0, 3.0))
    with pytest.raises(InvalidInput, match="baseline is none"):
        await client.voice_mood(second, SAMPLE_RATE, baseline=(float("nan"),) * 11)
    with pytest.raises(InvalidInput, match="language"):
        await client.voice_mood(second, SAMPLE_RATE, language="")


def test_the_command_writes_a_line_a_segment(
    text_triton: Triton, corpus: dict[str, Clip], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(tmp_path / name) for name in ("a.wav", "b.wav", "silence.wav")]
    for file, audio in zip(
        files, (corpus["en-quick_brown_fox"].audio, corpus["zh-jishu"].audio, np.zeros(9_000)), strict=True
    ):
        soundfile.write(file, audio, SAMPLE_RATE)
    assert main(["mood", *files, "--speaker", "x", "--json", "--url", text_triton.grpc]) == 0
    printed = capsys.readouterr()
    told = [json.loads(line) for line in printed.out.splitlines()]
    assert [line["file"] for line in told] == files[:2]
    assert json.loads(printed.err) == {"note": f"{files[2]}: no mood was heard, for lack of a voice"}
    assert {"pts_start", "pts_end", "arousal", "valence", "confidence"} <= told[0].keys()
    assert main(["mood", str(tmp_path / "none.wav"), files[0], "--url", text_triton.grpc]) == 1
    printed = capsys.readouterr()
    assert "none.wav" in printed.err
    assert "arousal" in printed.out


@pytest.mark.thorough
@pytest.mark.skipif(
    not EMODB.is_dir(), reason=f"{EMODB} is not there: name a folder of EMO-DB in LIVEROOM_EMODB"
)
async def test_acted_emotions_are_told_apart_by_arousal(client: AsyncClient) -> None:
    """Each speaker's own baseline; anger, joy and fear against boredom, sadness and neutral."""
    found: list[tuple[float, bool]] = []
    for speaker in sorted({path.name[:2] for path in EMODB.glob("*.wav")}):
        paths = sorted(EMODB.glob(f"{speaker}*.wav"))
        mood: VoiceMood | None = None
        for path in paths:
            mood = await client.voice_mood(path, text="", baseline=mood.baseline if mood else None)
        assert mood is not None
        for path in paths:
            if path.name[5] in EXCITED + CALM:
                again = await client.voice_mood(path, text="", baseline=mood.baseline)
                found.append((again.arousal, path.name[5] in EXCITED))
    excited = np.array([arousal for arousal, is_excited in found if is_excited])
    calm = np.array([arousal for arousal, is_excited in found if not is_excited])
    assert (excited[:, None] > calm).mean() >= 0.97


async def test_a_room_tells_how_its_host_feels(client: AsyncClient, corpus: dict[str, Clip]) -> None:
    told: list[RoomMood] = []
    async with client.room("moods", language="en", moods=True) as room:
        await room.send_chat("this is wonderful, I love it", viewer="h", role="host", pts=0.0)
        await room.send_chat("so boring", viewer="v", pts=0.5)
        await room.play(corpus["two_cities"].audio[: 20 * SAMPLE_RATE], SAMPLE_RATE, pace=0)
        await room.end()
        async for event in room.events():
            if isinstance(event, RoomMood):
                told.append(event)
    (audience,) = [mood for mood in told if mood.who == "audience"]
    assert audience.valence < -0.3
    host = [mood for mood in told if mood.who == "host"][-1]
    assert host.parts.keys() == {"voice", "chat"}
    assert host.parts["chat"] > 0.3
    assert host.arousal is not None
    assert 0.1 < host.confidence <= 1
    assert host.reason.startswith("the host: voice ")
