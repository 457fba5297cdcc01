"""`python -m perf live`: a recording, a talking head and chat in one room, then a sentence that is spoken."""

import argparse
import asyncio
import json
from pathlib import Path

from liveroom import AsyncClient, AudioFile
from liveroom.cli._view import CaptionView
from rich.console import Console

from evaluation.speech import MOONSHINE
from perf import report
from perf.live.echo import echo
from perf.live.picture import draw
from perf.live.record import Record
from perf.live.result import chat_summary, moods_summary, show, summary, video_summary
from perf.load.chat_source import ChatSource, read
from perf.load.playback import CHUNK_S, Playback
from perf.load.room_player import play_room
from perf.load.server_costs import Meter
from perf.load.video import RATE, jpegs
from perf.load.video_source import VideoSource
from perf.options import number_that
from server import Triton
from tooling.errors import SourceError
from tooling.progress import Progress
from tooling.sources import Library

RECORDING = next(name for name in MOONSHINE.files if name.endswith("/two_cities.wav"))
"""What is played unless told otherwise: 44 s of English."""
CLIP, SIZE = "talking_head", (176, 144)
"""What is filmed, in its own width and height."""
CHAT = report.PROJECT / "examples" / "chat.csv"
"""What viewers write: made up."""
SENTENCE = "欢迎来到直播间，今天全场 8.5 折。"
"""What is spoken, and heard again."""

_pace = number_that(lambda value: 0 <= value < float("inf"), "1 for real time, 0 for as fast as it is served")
_rate = number_that(lambda value: 0 <= value <= RATE, f"frames a second, 0 to {RATE}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf live`."""
    add = parser.add_argument
    add("file", nargs="?", type=Path, help="WAV, FLAC, OGG or MP3 (default: 44 s of English, fetched once)")
    add("--pace", type=_pace, default=1.0, help="1 is real time, 0 as fast as it is served (%(default)s)")
    add("--language", default="auto", help="auto, en, zh, ... or candidates such as en,zh (%(default)s)")
    add("--frames", type=_rate, default=5.0, help="of a talking head, a second; 0 for none (%(default)s)")
    add(
        "--chat",
        default=str(CHAT),
        metavar="FILE",
        help='a log with times; "" for none (default: examples/chat.csv)',
    )
    add(
        "--say",
        default=SENTENCE,
        metavar="TEXT",
        help='is spoken and heard again; "" for nothing (%(default)s)',
    )
    add("--no-moods", dest="moods", action="store_false", help="do not tell how the host feels")
    add("--out", type=Path, default=Path("build") / "live.json", help="where the result goes (%(default)s)")
    add("--svg", type=Path, metavar="FILE", help="draw a moment of what the terminal showed, as in README.md")
    add("--json", action="store_true", help="print the result as JSON; captions go to stderr")


def run(options: argparse.Namespace) -> int:
    """Starts the server, plays the recording into a room, shows captions and then what it all cost."""
    console = report.console(as_json=options.json)
    library = Library(progress=Progress(console))
    path = options.file or library.path(MOONSHINE, RECORDING)
    pictures = _pictures(options.frames, library, console)
    lines = read(Path(options.chat)) if options.chat else []
    models = ["captions"]
    models += [
        *(["vision"] if pictures else []),
        *(["chat"] if lines else []),
        *(["voice_mood"] if options.moods else []),
        *(["asr", "tts"] if options.say else []),
    ]
    with AudioFile(path) as audio:
        settings = {"file": path.name, "pace": options.pace, "language": options.language, "chunk_s": CHUNK_S}
        provenance = report.provenance(settings | {"frames": options.frames if pictures else 0})
        with (
            console.status("starting Triton") as status,
            Triton(
                report.PROJECT / "model_repository", models, drain_s=2.0, progress=status.update
            ) as triton,
        ):
            status.stop()
            console.print(f"{path.name}: {audio.duration:.1f} s, language {options.language}, {triton.grpc}")
            if lines:
                sample = " of sample data, made up" if options.chat == str(CHAT) else ""
                console.print(f"beside it {len(lines)} lines of chat{sample}: {options.chat}")
            playback = Playback(audio.blocks(CHUNK_S), audio.sample_rate, options.pace)
            video = VideoSource(pictures, options.frames, playback.since) if pictures else None
            meter = Meter(triton)
            chat = ChatSource(lines, playback.since) if lines else None
            record = Record(playback, video, chat, console)
            heard = asyncio.run(play(triton.grpc, record, options.language, moods=options.moods))
            costs = meter.read()
            spoken = asyncio.run(echo(triton.grpc, options.say)) if options.say else None
    result = summary(heard, costs, playback.duration, options.pace)
    if video:
        result |= video_summary(heard, video.sent)
    if chat:
        result |= chat_summary(heard, chat.sent)
    if options.moods:
        result |= moods_summary(heard)
    if spoken:
        result["echo"] = spoken.to_json()
    result |= provenance
    report.save(options.out, result)
    if options.svg:
        draw(heard.captions, options.svg)
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        show(console, result, costs, options.pace)
        console.print(f"the same as JSON: {options.out}")
    return 0


async def play(address: str, record: Record, language: str, *, moods: bool = False) -> Record:
    """Plays what is to be recorded into a room of the server at `address`.

    Raises:
        LiveroomError: the room failed.
    """
    async with AsyncClient(address) as client:
        with CaptionView(record.console) as view:
            played = await play_room(
                client,
                "live",
                lambda event: record.hear(event, view),
                playback=record.playback,
                video=record.video,
                chat=record.chat,
                moods=moods,
                language=language,
                hear_chat=lambda event: record.hear_chat(event, view),
                on_error=record.failed,
            )
    if played.error:
        raise played.error
    record.frames_dropped = played.frames_dropped
    return record


def _pictures(per_second: float, library: Library, console: Console) -> list[bytes]:
    """Frames of a talking head; none, saying why, where the clip can't be had: speech does not need them."""
    if not per_second:
        return []
    try:
        return jpegs(CLIP, library, per_second, SIZE)
    except SourceError as error:
        console.print(f"without a talking head: {error}", style="yellow", markup=False)
        return []
