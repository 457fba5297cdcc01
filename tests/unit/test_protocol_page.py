"""docs/protocol.md: both languages have the same programs, which test_readme.py runs; and its facts."""

import asyncio
import re
import sys
from pathlib import Path

import grpc
import pytest
from google.protobuf import text_format
from liveroom._health import CLIENT_MODELS
from tritonclient.grpc import model_config_pb2

from cluster.credentials import Credentials
from tests.unit.peer import Peer

ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = ((ROOT / "docs" / name).read_text("utf-8") for name in ("protocol.md", "protocol.zh.md"))
PROGRAMS = re.findall(r"```python\n(.*?)```", ENGLISH, re.DOTALL)
ROWS = [line.split(" | ") for line in ENGLISH.splitlines() if line.startswith("| `")]


def test_both_languages_have_the_same_programs_tables_and_numbers() -> None:
    assert re.findall(r"```python\n(.*?)```", CHINESE, re.DOTALL) == PROGRAMS
    for every in (r"^#+ ", r"^- ", r"^\|"):
        assert len(re.findall(every, ENGLISH, re.MULTILINE)) == len(re.findall(every, CHINESE, re.MULTILINE))
    for every in (r"`([a-z_]+)`", r"\b(\d+ (?:KiB|MiB|kHz))", r"\b([A-Z_]{8,})\b"):
        assert set(re.findall(every, ENGLISH)) == set(re.findall(every, CHINESE))


def test_inputs_that_may_be_left_out_are_those_of_the_configs() -> None:
    """Of models that the page says more of; the others' stand in model_repository/README.md alone."""
    shown = [row[0].strip("| `") for row in ROWS]
    assert {"asr", "captions", "vision", "studio"} <= set(shown) <= set(CLIENT_MODELS)
    for model, row in zip(shown, ROWS, strict=True):
        config = (ROOT / "model_repository" / model / "config.pbtxt").read_text()
        inputs = text_format.Parse(config, model_config_pb2.ModelConfig()).input
        needed, optional = (set(re.findall(r"`(\w+)`", cell)) for cell in row[1:3])
        either = {"audio", "audio_int16"} if model == "captions" else set()  # of these one is needed
        assert needed == {each.name for each in inputs if not each.optional} | either
        assert optional == {each.name for each in inputs if each.optional} - either


async def test_its_program_for_a_gateway_brings_its_token_over_tls(tmp_path: Path) -> None:
    """As in front of the cluster, which tests/cluster holds to the same certificates and tokens."""
    issued = Credentials.create(tmp_path / "credentials")
    (tmp_path / "ca.crt").write_bytes(issued.ca.read_bytes())
    (tmp_path / "token").write_text("abc.def-1\n")
    peer = Peer()
    pair = (issued.key.read_bytes(), issued.certificate.read_bytes())
    async with peer.listening(grpc.ssl_server_credentials([pair])) as url:
        program = PROGRAMS[-1].replace("gateway.example:8443", url.removeprefix("grpcs://"))
        running = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await asyncio.wait_for(running.communicate(), 30)
    assert said.decode().strip() == "captions ['1']"
    assert peer.asked[-1]["authorization"] == "Bearer abc.def-1"


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_its_links_lead_somewhere(text: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / "docs" / target).exists()
