"""What the command line looks like."""

from __future__ import annotations

import argparse
from functools import partial

from .. import __version__
from ._arguments import between, milliseconds, pace
from ._captions import FORMATS, captions
from ._catalog import add_catalog_command
from ._chat_parser import add_chat_command
from ._connect import add_server
from ._exit import MEANINGS
from ._mood import mood
from ._picture_parser import add_picture_commands
from ._say import say
from ._status import health, models
from ._transcribe import transcribe

_EXIT_CODES = "exit codes:\n" + "\n".join(f"  {code:<4} {meaning}" for code, meaning in MEANINGS.items())


def parser() -> argparse.ArgumentParser:
    """The parser; the chosen command's coroutine function is `arguments.run`."""
    top = argparse.ArgumentParser(
        prog="liveroom",
        description="Captions of live rooms, transcripts of recordings, speech of texts, moderated chat,\n"
        "and faces and effects of pictures and videos, from a liveroom server.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"liveroom {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    add_server(common)
    common.add_argument(
        "--json", action="store_true", help="one JSON object per line, errors too (on stderr)"
    )
    language = argparse.ArgumentParser(add_help=False)
    language.add_argument(
        "--language",
        default="auto",
        help="auto, a Whisper code such as en or zh, or candidates such as en,zh; zh is written in simplified"
        " characters, zh-Hant, zh-TW and zh-HK in traditional ones (default: auto)",
    )
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add = partial(
        commands.add_parser,
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # --token would be --token-file, and a token no file
    )

    live = add(
        "captions",
        parents=[common, language],
        help="play audio into a live room and show its captions as they come",
        description="Play audio into a live room and show its captions as they come.\n"
        "On a terminal the stable part is bold and the part that may still change is dim;\n"
        "elsewhere only what is final is written.",
        epilog="a pipe: ffmpeg -i rtmp://... -f s16le -ac 1 -ar 16000 - | liveroom captions -\n\n"
        + _EXIT_CODES,
    )
    source = live.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="WAV, FLAC, OGG, MP3, with liveroom[pictures] what FFmpeg reads; - for raw 16-bit mono on stdin",
    )
    source.add_argument(
        "--microphone", action="store_true", help="listen (needs the extra liveroom[microphone])"
    )
    live.add_argument(
        "--sample-rate",
        type=int,
        metavar="HZ",
        help="of stdin or the microphone (default: 16000); a file says its own",
    )
    live.add_argument(
        "--pace",
        type=pace,
        default=1.0,
        help="1 plays FILE in real time, 0 as fast as it is served (default: 1)",
    )
    live.add_argument(
        "--chunk-ms", type=milliseconds, default=200, help="length of a chunk, 20 to 1000 (default: 200)"
    )
    live.add_argument("--denoise", action="store_true", help="clean the audio before it is recognized")
    live.add_argument("--room", metavar="ID", help="room id (default: a new one)")
    live.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    live.add_argument("--out", metavar="FILE", help="write there instead of stdout")
    live.set_defaults(run=captions)

    batch = add(
        "transcribe",
        parents=[common, language],
        help="print the text of recordings",
        description="Print the text of recordings of any length. A bad file does not stop the others.\n"
        "For subtitles: liveroom captions FILE --pace 0 --format srt",
    )
    batch.add_argument("files", nargs="+", metavar="FILE", help="WAV, FLAC, OGG or MP3")
    batch.set_defaults(run=transcribe)

    speech = add(
        "say",
        parents=[common],
        help="speak a text",
        description="Speak a text in Chinese, English or both. SSML begins with <speak>.",
        epilog="a pipe: liveroom say TEXT --out - | aplay -t raw -f S16_LE -r 24000\n\n" + _EXIT_CODES,
    )
    speech.add_argument("text", metavar="TEXT", help="what to say; - reads it from stdin")
    speech.add_argument(
        "--out",
        metavar="FILE",
        help="a .wav file; - for raw 16-bit mono at 24 kHz into a pipe, as it comes",
    )
    speech.add_argument(
        "--play", action="store_true", help="play it as it comes (with ffplay, aplay, paplay or play)"
    )
    speech.add_argument(
        "--voice",
        metavar="NAME",
        help='such as zf_xiaoxiao or af_heart, or a mixture: "zf_xiaoxiao:0.7,af_heart:0.3" '
        "(default: by language)",
    )
    speech.add_argument("--speed", type=between(0.5, 2), default=1.0, help="0.5 to 2 (default: 1)")
    speech.add_argument(
        "--pauses",
        type=between(0, 5),
        default=1.0,
        help="multiplies those at punctuation, 0 to 5 (default: 1)",
    )
    speech.add_argument(
        "--lexicon", metavar="FILE", help='how words are said, JSON: {"重庆": "chong2 qing4", "GIF": "jiff"}'
    )
    speech.set_defaults(run=say)

    voice = add(
        "mood",
        parents=[common, language],
        help="how excited and how pleased voices in recordings are",
        description="How excited (arousal, 0 to 1) and how pleased (valence, -1 to 1) voices in recordings\n"
        "are, a line a segment. Arousal is relative to how the speaker sounds otherwise. Music and noise\n"
        "have no line.",
    )
    voice.add_argument("files", nargs="+", metavar="FILE", help="WAV, FLAC, OGG or MP3")
    voice.add_argument(
        "--speaker", metavar="NAME", help="one person speaks in all files (default: one in each)"
    )
    voice.set_defaults(run=mood)

    add_chat_command(add, common, _EXIT_CODES)
    add_catalog_command(add, common, _EXIT_CODES)
    add_picture_commands(add, common)

    for name, run, does in (
        ("models", models, "list the models in the server's repository"),
        ("health", health, "ask every model that clients call for a real answer"),
    ):
        command = add(name, parents=[common], help=does, description=does[0].upper() + does[1:] + ".")
        command.set_defaults(run=run)
    return top
