"""What Triton's /metrics says of the service level: delays, drops, moved rooms, by class of tenant."""

import math
import re
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from captions.pace import AHEAD
from evaluation.pictures import Photo, read_image
from evaluation.speech import SAMPLE_RATE, Clip
from server import Triton
from tests import signals
from tests.triton.looking import inputs, jpeg, shrunk
from tests.triton.rooms import Answer, Array, RawRoom

pytestmark = pytest.mark.thorough

Corpus = dict[str, Clip]
DELAY, FRAME = "liveroom_caption_delay_seconds", "liveroom_frame_delay_seconds"
CHUNK_S = 0.5
TOLD_S = 2.2
"""Seconds after which what was counted is in /metrics: models report once a second."""


def metrics(triton: Triton, name: str, **labels: str) -> dict[str, float]:
    """The series of a name with these labels, once all has been told, by their labels as written."""
    time.sleep(TOLD_S)
    with urllib.request.urlopen(triton.metrics, timeout=5) as page:  # noqa: S310 - of our own server
        found = re.findall(rf"^{name}{{(.*)}} (\S+)$", page.read().decode(), re.M)
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    series = {written: float(value) for written, value in found if all(each in written for each in wanted)}
    assert series, f"no {name} with {labels}"
    return series


def label(series: str, name: str) -> str:
    [value] = re.findall(rf'\b{name}="([^"]*)"', series)
    return str(value)


def delays(triton: Triton, kind: str, tenants: str) -> dict[str, float]:
    """The histogram of a kind of event: counts by upper bound, and "sum" and "count"."""
    of = {"model": "captions", "kind": kind, "tenant_class": tenants}
    parts = metrics(triton, rf"{DELAY}_\w+", **of)
    found = {label(series, "le"): value for series, value in parts.items() if "le=" in series}
    [total] = metrics(triton, f"{DELAY}_sum", **of).values()
    [count] = metrics(triton, f"{DELAY}_count", **of).values()
    return {**found, "sum": total, "count": count}


def hear(
    triton: Triton, room: str, tenants: str, clip: Clip, pace: float = 1.0
) -> list[tuple[Answer, float]]:
    """The events of a room that sends a clip and some silence, `pace` seconds of it a second.

    Each with the seconds that its client waited for it, from when it sent the chunk with the event's end.
    """
    audio = np.concatenate([clip.audio, signals.silence(1.0)])
    size = round(CHUNK_S * SAMPLE_RATE)
    begun, sent_at = time.monotonic(), []
    with (
        ThreadPoolExecutor(1) as threads,
        RawRoom(triton.grpc, room, x_tenant=tenants, x_tenant_class=tenants) as raw,
    ):
        following = threads.submit(raw.follow)
        for number, begin in enumerate(range(0, len(audio), size)):
            time.sleep(max(0.0, begun + number * CHUNK_S / pace - time.monotonic()))
            start, end = begin == 0, begin + size >= len(audio)
            raw.chunk(audio[begin : begin + size], begin / SAMPLE_RATE, start=start, end=end)
            sent_at.append(time.monotonic())
        raw.done()
        answers = following.result()
    assert [answer.error for _, answer in answers if answer.error] == []
    chunks = [min(math.ceil(answer.end / CHUNK_S), len(sent_at)) - 1 for _, answer in answers]
    heard = zip(answers, chunks, strict=True)
    return [(answer, at - sent_at[chunk]) for (at, answer), chunk in heard if answer.kind]


def test_delays_of_captions_are_histograms_of_what_clients_wait(live_triton: Triton, corpus: Corpus) -> None:
    """A client's own wait has the way there and back as well."""
    before = {kind: delays(live_triton, kind, "paid") for kind in ("partial", "final")}
    heard = hear(live_triton, "paid for", "paid", corpus["en-quick_brown_fox"])
    for kind, earlier in before.items():
        new = {part: value - earlier[part] for part, value in delays(live_triton, kind, "paid").items()}
        waits = [wait for answer, wait in heard if answer.kind == kind]
        assert new["count"] == new["+Inf"] == len(waits) > 0
        assert {"0.5", "1", "2", "+Inf"} <= new.keys()
        counts = [new[bound] for bound in sorted(new.keys() - {"sum", "count"}, key=float)]
        assert counts == sorted(counts)
        assert new["sum"] / new["count"] == pytest.approx(np.mean(waits), abs=0.15)
        assert new["1"] == pytest.approx(sum(wait <= 1.0 for wait in waits), abs=1)


def test_a_file_that_is_sent_at_once_counts_for_no_delay(live_triton: Triton, corpus: Corpus) -> None:
    """Nobody waits for it."""
    clip = corpus["librivox-0870"]
    assert clip.seconds > 2 * AHEAD
    before = delays(live_triton, "final", "free")
    assert any(answer.kind == "final" for answer, _ in hear(live_triton, "file", "free", clip, 100))
    assert delays(live_triton, "final", "free") == before


def test_a_probe_counts_for_nothing(live_triton: Triton, corpus: Corpus) -> None:
    """What health checks and canaries ask is no tenant's."""
    before = metrics(live_triton, f"{DELAY}_count")
    with RawRoom(live_triton.grpc, "probe") as room:
        said = room.read(room.chunk(corpus["en-hello_world"].audio, 0.0, start=True, end=True))
    assert any(answer.kind == "final" for answer in said)
    assert metrics(live_triton, f"{DELAY}_count") == before


def test_chunks_that_are_not_heard_and_rooms_that_moved_are_counted(live_triton: Triton) -> None:
    quiet = signals.silence(0.1)
    of = {"model": "captions", "tenant_class": "other"}
    dropped, moved = "liveroom_chunks_dropped_total", "liveroom_rooms_moved_total"
    before = metrics(live_triton, dropped, **of), metrics(live_triton, moved, **of)
    assert {label(series, "reason") for series in before[0]} == {"invalid", "waiting", "failed"}
    with RawRoom(live_triton.grpc, "moved", x_tenant="two", x_tenant_class="of nobody") as room:
        room.read(room.chunk(quiet, 10.0, start=True, more={"spoken": "en:35000"}))
        assert "NaN" in room.read(room.chunk(quiet * np.float32(np.nan), 10.1))[-1].error
        assert "before" in room.read(room.chunk(quiet, 3.0))[-1].error
        silent: dict[str, Array] = {"sample_rate": np.array([16_000], np.int32), "pts": np.array([10.1])}
        assert "no audio" in room.read(room.send(silent))[-1].error
        room.read(room.chunk(quiet, 10.1, end=True))
    after = metrics(live_triton, dropped, **of), metrics(live_triton, moved, **of)
    new = {label(series, "reason"): value - before[0][series] for series, value in after[0].items()}
    assert new == {"invalid": 3, "waiting": 0, "failed": 0}
    assert sum(after[1].values()) - sum(before[1].values()) == 1


@pytest.fixture(scope="module")
def portrait(photos: dict[str, Photo]) -> bytes:
    return jpeg(shrunk(read_image(photos["obama"].path), 640))


@pytest.fixture(scope="module")
def client(vision_triton: Triton) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(vision_triton.grpc) as client:
        yield client


def test_delays_of_frames_are_a_histogram_too(
    vision_triton: Triton, client: InferenceServerClient, portrait: bytes
) -> None:
    before = metrics(vision_triton, f"{FRAME}_count", model="vision")
    for tenants in ("paid", "paid", "free", "unheard of"):
        client.infer("vision", inputs(portrait), headers={"x-tenant-class": tenants})
    client.infer("vision", inputs(portrait))
    after = metrics(vision_triton, f"{FRAME}_count", model="vision")
    new = {label(series, "tenant_class"): after[series] - value for series, value in before.items()}
    assert new == {"paid": 2, "free": 1, "other": 2}
    buckets = metrics(vision_triton, f"{FRAME}_bucket", tenant_class="paid")
    assert {"0.5", "+Inf"} <= {label(series, "le") for series in buckets}


def test_a_frame_that_is_refused_is_counted_with_its_reason(
    vision_triton: Triton, client: InferenceServerClient, portrait: bytes
) -> None:
    of = {"model": "vision", "tenant_class": "paid"}
    before = metrics(vision_triton, "liveroom_frames_dropped_total", **of)
    with pytest.raises(InferenceServerException, match="wanted is 'hats'"):
        client.infer("vision", inputs(portrait, wanted="hats"), headers={"x-tenant-class": "paid"})
    after = metrics(vision_triton, "liveroom_frames_dropped_total", **of)
    new = {label(series, "reason"): after[series] - value for series, value in before.items()}
    assert new == {"invalid": 1, "busy": 0, "failed": 0, "cancelled": 0}


def test_times_that_can_not_be_count_for_nothing_and_end_nothing(
    vision_triton: Triton, client: InferenceServerClient, portrait: bytes
) -> None:
    """`faces` itself takes any: one in the future has no counter fall, which would end Triton."""
    of = {"tenant_class": "free"}
    before = metrics(vision_triton, rf"{FRAME}_\w+", **of)
    for began in (-(2**63), 0, 2**63 - 1):
        sent: dict[str, Array] = {
            "frame": np.zeros((1, 72, 96, 3), np.uint8),
            "size": np.array([[96, 72]], np.int32),
            "began": np.array([[began]], np.int64),
        }
        asked = [InferInput(name, each.shape, np_to_triton_dtype(each.dtype)) for name, each in sent.items()]
        for each, array in zip(asked, sent.values(), strict=True):
            each.set_data_from_numpy(array)
        client.infer("faces", asked, headers={"x-tenant-class": "free"})
    assert metrics(vision_triton, rf"{FRAME}_\w+", **of) == before
    client.infer("vision", inputs(portrait), headers={"x-tenant-class": "free"})
    after = metrics(vision_triton, rf"{FRAME}_\w+", **of)
    new = {each: after[each] - value for each, value in before.items() if "le=" not in each}
    assert sorted(new.values())[-1] == 1
    assert 0 < sorted(new.values())[0] < 60
