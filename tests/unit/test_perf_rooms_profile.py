"""What rooms are like: profiles, who joins when, and what is said."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from liveroom._config import MAX_CHUNK_BYTES

from evaluation.speech import SAMPLE_RATE, Clip
from perf.rooms import profile as profiles
from perf.rooms.audio_source import NOISE, check, chunks, sound
from perf.rooms.profile import Audio, Frames, Kind, Profile, ProfileError
from perf.rooms.schedule import Times, arrivals, joins

GOOD = """
[[rooms]]
share = 3
audio = { recordings = ["one"], talking = 0.5, chunk_ms = 100, sample_rate = 48000, language = "en" }
[[rooms]]
audio = {}
"""


def clip(name: str, seconds: float) -> Clip:
    return Clip(name, np.full(round(seconds * SAMPLE_RATE), 0.5, np.float32), "words", "en")


CLIPS = [clip("one", 2.0), clip("two", 3.0)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_a_profile_is_read_from_a_file_and_from_its_own_json(file: Path) -> None:
    read = profiles.load(str(file))
    assert read.name == "mine"
    assert read.rooms[0].audio == Audio(("one",), 0.5, 100, 48_000, "int16", "en")
    assert read.rooms[1].share == 1
    assert read.rooms[1].audio == Audio()
    assert msgspec.convert(read.to_json(), Profile) == read


def test_the_profiles_of_the_project_can_be_played() -> None:
    assert profiles.names() == ["formats", "mixed", "talkers", "video"]
    mixed, talkers = ([room.audio for room in profiles.load(name).rooms] for name in ("mixed", "talkers"))
    heard = [audio for audio in mixed if audio]
    assert {audio.talking > 0 for audio in heard} == {True, False}
    assert {pattern[:2] for audio in heard for pattern in audio.recordings} >= {"zh", "en"}
    assert {audio.chunk_ms for audio in heard} >= {100, 1000}
    assert [(audio.talking, audio.chunk_ms) for audio in talkers if audio] == [(1.0, 250)]


def test_three_rooms_of_formats_differ_in_everything_and_one_sends_more_than_a_message_takes() -> None:
    formats = profiles.load("formats")
    dealt = [formats.rooms[kind].audio for kind in formats.deal(3)]
    rooms = [audio for audio in dealt if audio]
    assert len({audio.chunk_ms for audio in rooms}) == 3
    for different in ({a.format for a in rooms}, {a.sample_rate for a in rooms}, {a.language for a in rooms}):
        assert len(different) == 2
    sizes = [audio.chunk_ms * audio.sample_rate // 1000 * np.dtype(audio.format).itemsize for audio in rooms]
    assert max(sizes) > 2 * MAX_CHUNK_BYTES


def test_one_command_plays_eight_rooms_with_video_beside_four_with_captions() -> None:
    video = profiles.load("video")
    assert 12 in video.steps
    kinds = [video.rooms[kind] for kind in video.deal(12)]
    assert sum(kind.audio is not None for kind in kinds) == 4
    films = [kind.frames for kind in kinds if kind.frames]
    assert [film.per_second for film in films] == [5] * 8
    assert video.models == ["captions", "vision"]
    assert profiles.load("talkers").models == ["captions"]


def test_a_room_that_is_only_seen_survives_the_way_to_the_generator(file: Path) -> None:
    file.write_text("steps = [2]\n[[rooms]]\nframes = { per_second = 10 }\n", encoding="utf-8")
    read = profiles.load(str(file))
    assert read.rooms[0] == Kind(1, None, Frames(per_second=10))
    assert msgspec.json.decode(msgspec.json.encode(read), type=Profile) == read
    assert "steps" not in profiles.load("talkers").to_json()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("share = 3", "share = 0", "rooms[0].share is 0: expected float > 0"),
        (
            "share = 3",
            "shares = 3",
            "rooms[0]: object contains unknown field shares: expected share,",
        ),
        ("share = 3", "share = true", "rooms[0].share is True: expected float"),
        ("talking = 0.5", "talking = 1.5", "rooms[0].audio.talking is 1.5: expected float <= 1"),
        ("talking = 0.5", 'talking = "much"', "talking is 'much': expected float"),
        ("talking = 0.5,", "", "rooms[0].audio: talking is 0: expected more than 0 and at most 1"),
        ('recordings = ["one"],', "", "talking is 0.5: expected 0 without recordings"),
        ('["one"]', '"one"', "recordings is 'one': expected array"),
        ("chunk_ms = 100", "chunk_ms = 1500", "chunk_ms is 1500: expected int <= 1000"),
        ("chunk_ms = 100", "chunk_ms = 99.5", "chunk_ms is 99.5: expected int"),
        ("48000", "96000", "sample_rate is 96000: expected int <= 48000"),
        ('"en"', '"en", format = "mp3"', "format is 'mp3': expected float32 or int16"),
        ("audio = {}", "", "rooms[1]: neither audio nor frames: expected audio = {...}"),
        (
            "audio = {}",
            "audio = {}\nchat = {}",
            "unknown field chat: expected share, audio, frames",
        ),
        (
            "audio = {}",
            "frames = { clip = 'cat' }",
            "rooms[1].frames: clip is 'cat': expected talking_head or",
        ),
        ("audio = {}", "frames = { per_second = 0 }", "per_second is 0: expected float > 0"),
        ("audio = {}", "frames = { width = 8 }", "width is 8: expected int >= 16"),
        ("audio = {}", "frames = { quality = 101 }", "quality is 101: expected int <= 100"),
        (
            "audio = {}",
            "frames = { fps = 5 }",
            "unknown field fps: expected clip, per_second, width, height, quality",
        ),
        ("\n[[rooms]]\nshare", "\nsteps = [0]\n[[rooms]]\nshare", "steps[0] is 0: expected int >= 1"),
        (GOOD, "rooms = []", "rooms is []: expected array of length >= 1"),
        ("audio = {}", "audio = {", "can't be read as TOML"),
    ],
)
def test_a_wrong_profile_is_said_where_it_is_wrong(file: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    file.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ProfileError) as raised:
        profiles.load(str(file))
    assert message in str(raised.value)
    assert str(file) in str(raised.value)


def test_a_profile_that_is_not_there() -> None:
    with pytest.raises(
        ProfileError, match="no profile 'party': expected formats, mixed, talkers, video or a TOML file"
    ):
        profiles.load("party")


def test_a_recording_that_is_not_there(file: Path) -> None:
    read = profiles.load(str(file))
    check(read, CLIPS)
    with pytest.raises(ProfileError, match="mine: no recording is called 'one': there are two"):
        check(read, CLIPS[1:])


def test_more_rooms_are_the_same_rooms_and_others() -> None:
    mixed = profiles.load("mixed")
    dealt = mixed.deal(24)
    assert all(mixed.deal(rooms) == dealt[:rooms] for rooms in range(1, 24))
    assert [dealt.count(kind) for kind in range(5)] == [8, 6, 4, 4, 2]
    assert [dealt[:12].count(kind) for kind in range(5)] == [4, 3, 2, 2, 1]


def test_rooms_join_by_a_poisson_process_that_a_seed_decides() -> None:
    moments = arrivals(4000, 100.0, seed=7)
    assert moments == arrivals(4000, 100.0, seed=7) != arrivals(4000, 100.0, seed=8)
    assert moments == sorted(moments)
    assert moments[0] >= 0
    assert moments[-1] < 100
    gaps = np.diff(moments)
    assert gaps.mean() == pytest.approx(1 / 40, rel=0.02)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.1), "exponential gaps spread as wide as their mean"
    per_second = np.bincount(np.floor(moments).astype(int), minlength=100)
    assert per_second.var() == pytest.approx(per_second.mean(), rel=0.4), "counts are Poisson"


def test_every_room_joins_once_and_says_its_own() -> None:
    rooms = joins([0, 1, 0] * 12, 5.0, seed=3)
    assert rooms == joins([0, 1, 0] * 12, 5.0, seed=3)
    assert sorted(room.number for room in rooms) == list(range(36))
    assert [room.at for room in rooms] == sorted(room.at for room in rooms)
    assert [room.number for room in rooms] != list(range(36)), "always the same room first"
    assert len({room.says for room in rooms}) == 16 + 12, "the 17th room of a kind says what the first says"


def test_all_rooms_are_open_for_the_whole_measured_window() -> None:
    times = Times(10.0)
    start, end = times.window
    assert end - start == 10
    assert start > times.ramp
    assert times.room > end, "a room that joins at once must outlast the window"
    assert times.step == times.ramp + times.room


def test_a_room_says_the_same_for_the_same_seed_in_its_share_of_the_time() -> None:
    audio = Audio(("one", "two"), 0.5, 100, 16_000)
    said = sound(audio, CLIPS, 40.0, (1, 0, 0))
    assert np.array_equal(said, sound(audio, CLIPS, 40.0, (1, 0, 0)))
    assert not np.array_equal(said, sound(audio, CLIPS, 40.0, (1, 0, 1)))
    assert (said > 0.4).mean() == pytest.approx(0.5, abs=0.01)
    pieces = list(chunks(said, audio))
    assert {len(piece) for piece in pieces} == {1600}
    assert np.array_equal(np.concatenate(pieces), said)


def test_a_silent_room_has_only_the_noise_of_its_microphone() -> None:
    said = sound(Audio(sample_rate=48_000), CLIPS, 2.0, (1,))
    assert len(said) == 96_000
    assert 0 < np.abs(said).max() < 10 * NOISE
