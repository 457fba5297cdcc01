"""A peer that is asked: a script in an environment of its own, a line of JSON there and one back."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from perf.peers.running import last_words


class Worker:
    """A running script, made by `working`.

    Attributes:
        versions: of its packages, which it says first.
    """

    def __init__(self, name: str, process: "subprocess.Popen[str]", log: Path) -> None:
        self._name = name
        self._process = process
        self._log = log
        self.versions = {package: str(version) for package, version in self._answer().items()}

    def ask(self, request: Mapping[str, object]) -> dict[str, object]:
        """Its answer.

        Raises:
            RuntimeError: it has ended; with what it said last.
        """
        if self._process.stdin is None:
            raise RuntimeError(f"{self._name} was started without a pipe to it")
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        return self._answer()

    def _answer(self) -> dict[str, object]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise self._ended()
        answer: dict[str, object] = json.loads(line)
        return answer

    def _ended(self) -> RuntimeError:
        return RuntimeError(f"{self._name} ended with {self._process.wait()}: {last_words(self._log)}")


@contextmanager
def working(name: str, command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Worker]:
    """Runs `command` until the block ends.

    Args:
        command: of the script.
        environment: of its process.
        name: of the peer, for messages.
    """
    with (
        tempfile.TemporaryDirectory(prefix="peer-") as folder,
        (Path(folder) / "log").open("wb") as log,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            yield Worker(name, process, Path(folder) / "log")
        finally:
            process.terminate()
