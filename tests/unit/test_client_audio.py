"""What audio the client takes, and what it says about the rest."""

from __future__ import annotations

from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import liveroom._audio_file
import numpy as np
import pytest
import soundfile
from liveroom import AudioFile, DamagedFile, InvalidInput, read_audio
from liveroom._audio import as_float32, check_sample_rate, check_samples, clipped


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (np.zeros(0, np.int16), "audio is empty"),
        (np.zeros((16000, 2), np.float32), "audio has shape (16000, 2): expected mono"),
        (np.array([0, np.nan, 0], np.float32), "audio has nan at sample 1"),
        (np.array([0, 0, -np.inf]), "audio has -inf at sample 2"),
        (np.array([0, 12000.0], np.float32), "audio reaches 12000: expected float32 in [-1, 1]"),
        (np.zeros(10, np.int32), "audio is int32: expected int16"),
        (np.zeros(10, np.uint8), "audio is uint8"),
        (np.zeros(10, np.complex64), "audio is complex64"),
        ([0.0, 0.1], "audio is a list: expected a numpy array"),
    ],
)
def test_bad_samples_are_refused_with_a_reason(samples: np.ndarray, says: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(InvalidInput) as caught:
        check_samples(samples)
    assert says in str(caught.value)


def test_good_samples_keep_their_values() -> None:
    int16 = np.array([-32768, 0, 16384], np.int16)
    assert check_samples(int16) is int16
    assert as_float32(int16).tolist() == [-1.0, 0.0, 0.5]
    assert check_samples(int16.astype(">i2")).tolist() == int16.tolist()
    float64 = check_samples(np.array([0.5, -1.25]))
    assert float64.dtype == np.float32
    assert float64.tolist() == [0.5, -1.25]


@pytest.mark.parametrize("rate", [7999, 48001, 0, -16000, 16000.5])
def test_sample_rates_out_of_range_are_refused(rate: int) -> None:
    with pytest.raises(InvalidInput, match="expected 8000 to 48000"):
        check_sample_rate(rate)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_files_are_read_in_blocks_and_stereo_is_averaged(tmp_path: Path, suffix: str) -> None:
    rate, seconds = 22050, 2.5
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, np.stack([tone, np.zeros_like(tone)], axis=1), rate)
    with AudioFile(path) as file:
        assert file.sample_rate == rate
        assert file.duration == pytest.approx(seconds, abs=0.1)
        blocks = list(file.blocks(1.0))
    assert [len(block) for block in blocks[:2]] == [rate, rate]
    assert all(block.dtype == np.float32 and block.ndim == 1 for block in blocks)
    assert np.abs(blocks[1]).max() == pytest.approx(0.25, abs=0.05)  # half of 0.5; MP3 is not exact
    whole, whole_rate = read_audio(path)
    assert whole_rate == rate
    assert np.array_equal(whole, np.concatenate(blocks))


def test_files_that_cannot_be_used_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveroom._audio_file, "_pyav", lambda: None)
    text = tmp_path / "notes.wav"
    text.write_text("not sound")
    fast = tmp_path / "fast.wav"
    soundfile.write(fast, np.zeros(960), 96_000)
    empty = tmp_path / "empty.wav"
    soundfile.write(empty, np.zeros(0), 16_000)
    for path, says in (
        (tmp_path / "absent.wav", "absent.wav is not a file"),
        (tmp_path, "is not a file"),
        ("rtsp://camera:554/live", "rtsp://camera:554/live is a stream, not a file: try ffmpeg -i URL"),
        (text, "notes.wav: it can't be read as WAV, FLAC, OGG or MP3"),
        (fast, "fast.wav: its sample rate is 96000: expected 8000 to 48000 Hz; install"),
        (empty, "empty.wav: it has no samples"),
    ):
        with pytest.raises(InvalidInput) as caught:
            AudioFile(path)
        assert says in str(caught.value)


RATE = 16_000
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 4 * RATE).astype(np.float32)


def heard(path: Path) -> float:
    """Seconds that are read."""
    audio, rate = read_audio(path)
    return len(audio) / rate


def test_two_mp3s_in_one_file_are_both_heard(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one, joined = tmp_path / "one.mp3", tmp_path / "joined.mp3"
    soundfile.write(one, NOISE, RATE)
    joined.write_bytes(one.read_bytes() * 2)
    assert heard(joined) == pytest.approx(8.0, abs=0.3)
    assert heard(one) == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3", "wav", "aiff"])
@pytest.mark.parametrize("with_ffmpeg", [True, False])
def test_of_joined_files_all_is_heard_or_it_is_said_what_is_not(
    suffix: str,
    with_ffmpeg: bool,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not with_ffmpeg:
        monkeypatch.setattr(liveroom._audio_file, "_pyav", lambda: None)
    one, joined = tmp_path / f"one.{suffix}", tmp_path / f"joined.{suffix}"
    soundfile.write(one, 0.3 * np.random.default_rng(0).uniform(-1, 1, 64_000), 16_000)
    joined.write_bytes(one.read_bytes() * 2)
    assert heard(one) == pytest.approx(4.0, abs=0.1)
    assert "joined" not in caplog.text
    if suffix in ("wav", "aiff") and not with_ffmpeg:
        with pytest.raises(InvalidInput, match=r"liveroom\[pictures\]"):
            heard(joined)
        return
    if heard(joined) < 7:
        assert "another recording is joined behind it, which is not heard" in caplog.text
        assert ("liveroom[pictures]" in caplog.text) == (not with_ffmpeg)
    else:
        assert with_ffmpeg
        assert "joined behind it" not in caplog.text


def test_a_flac_whose_header_does_not_say_how_long_it_is_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "pipe.flac"
    soundfile.write(path, NOISE, RATE)
    content = bytearray(path.read_bytes())
    content[21:26] = bytes([content[21] & 0xF0, 0, 0, 0, 0])  # the 36 bits of STREAMINFO's total samples
    path.write_bytes(content)
    assert heard(path) == pytest.approx(4.0)
    with AudioFile(path) as file:
        assert file.duration < 10


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 999_999_999])
def test_a_wav_whose_header_lies_is_heard_to_its_end(
    size: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "stream.wav"
    soundfile.write(path, NOISE, RATE, "PCM_16")
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = size.to_bytes(4, "little")
    path.write_bytes(content)
    assert heard(path) == pytest.approx(4.0)
    if size == 999_999_999:
        assert "its header says 31250.0 s, and 4.0 s could be decoded" in caplog.text


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3", "wav"])
def test_what_is_readable_of_a_damaged_file_is_given_out(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"damaged.{suffix}"
    soundfile.write(path, NOISE, RATE)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(200)
    path.write_bytes(content)
    given = 0
    said = pytest.raises(DamagedFile, match=path.name) if suffix == "flac" else suppress(DamagedFile)
    with said, AudioFile(path) as file:
        for block in file.blocks(0.1):
            given += len(block)
    assert given > 3 * RATE


@pytest.mark.parametrize(
    ("rate", "suffix"), [(96_000, "wav"), (192_000, "wav"), (96_000, "flac"), (6_000, "wav")]
)
def test_sample_rates_that_cannot_be_sent_are_converted(rate: int, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"recorder.{suffix}"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate), rate)
    audio, sent = read_audio(path)
    assert sent == (48_000 if rate > 48_000 else 8_000)
    assert len(audio) / sent == pytest.approx(2.0, abs=0.01)
    assert np.abs(np.fft.rfft(audio)).argmax() * sent / len(audio) == pytest.approx(440, abs=1)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
def test_channels_that_are_each_others_opposite_do_not_fall_silent(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"miswired.{suffix}"
    soundfile.write(path, np.stack([NOISE, -NOISE], axis=1), RATE)
    audio, _ = read_audio(path)
    assert np.sqrt(np.mean(audio**2)) == pytest.approx(np.sqrt(np.mean(NOISE**2)), rel=0.2)


@pytest.mark.parametrize("other", [NOISE[::-1], np.zeros_like(NOISE), -0.2 * NOISE])
def test_other_channels_are_averaged_as_before(other: np.ndarray, tmp_path: Path) -> None:  # type: ignore[type-arg]
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([NOISE, other], axis=1), RATE, "FLOAT")
    assert np.allclose(read_audio(path)[0], (NOISE + other) / 2, atol=1e-6)


def test_a_recording_in_mp4_without_its_index_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "cut.m4a"
    path.write_bytes(
        mp4_box(b"ftyp", b"M4A \0\0\2\0") + mp4_box(b"free", b"") + mp4_box(b"mdat", bytes(5000))[:900]
    )
    with pytest.raises(InvalidInput, match=r"cut\.m4a: it was cut off before its index was written"):
        AudioFile(path)


def test_a_list_of_files_names_none_in_the_network(tmp_path: Path) -> None:
    """Whoever hands a service a playlist for a recording must not choose what it fetches."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *values: object) -> None:  # noqa: A002
            """Keep quiet."""

    path = tmp_path / "list.m3u8"
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        path.write_text(
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n"
            f"#EXTINF:2.0,\nhttp://127.0.0.1:{server.server_port}/secret.ts\n#EXT-X-ENDLIST\n"
        )
        with pytest.raises(InvalidInput, match="it can't be read"):
            AudioFile(path)
        server.shutdown()
        thread.join()
    assert asked == []


def mp4_box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4) + kind + content


def test_loud_audio_is_clipped_and_said(caplog: pytest.LogCaptureFixture) -> None:
    loud = np.array([0.5, 2.85, -2.5], np.float32)
    assert clipped(check_samples(loud), "room 'a'").tolist() == [0.5, 1.0, -1.0]
    assert caplog.messages == ["room 'a': audio reaches 2.85; what is beyond [-1, 1] is clipped"]
    assert clipped(check_samples(loud), "room 'a'", quiet=True).tolist() == [0.5, 1.0, -1.0]
    quiet = np.array([1.0, -1.0], np.float32)
    assert clipped(quiet, "room 'a'") is quiet
    assert len(caplog.messages) == 1
