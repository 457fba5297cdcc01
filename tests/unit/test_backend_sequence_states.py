"""The portable backend's implicit state."""

import numpy as np
import pytest

from onnx_backend.sequence_states import END, START, Array, Sequences


class Clock:
    """Time that passes when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def config(*, candidates: int = 4, batch: int = 8, data_file: bool = False) -> dict[str, object]:
    initial: dict[str, object] = {"data_file": "f"} if data_file else {"zero_data": True}
    names = {"input_name": "s", "output_name": "s_next", "data_type": "TYPE_FP32"}
    return {
        "max_batch_size": batch,
        "sequence_batching": {
            "oldest": {"max_candidate_sequences": candidates},
            "max_sequence_idle_microseconds": 5_000_000,
            "state": [{**names, "dims": [2, -1], "initial_state": [initial]}],
        },
    }


def advance(sequences: Sequences, sequence: int | str, flags: int = 0) -> float:
    """One step of a counter; returns the value before it."""
    value = sequences.values(sequence, flags, {})["s"]
    number = float(np.asarray(value, np.float32).ravel()[0])
    sequences.advance(sequence, flags, [np.full_like(value, number + 1)])
    return number


def test_start_is_zero_with_the_dims_of_the_configuration() -> None:
    assert Sequences(config()).values("a", START, {})["s"].shape == (1, 2, 1)
    assert Sequences(config(batch=0)).values("a", START, {})["s"].shape == (2, 1)


def test_start_from_a_file_is_what_the_core_injects() -> None:
    injected: dict[str, Array] = {"s": np.ones((1, 2, 1), np.float32)}
    assert Sequences(config(data_file=True)).values("a", START, injected)["s"] is injected["s"]


def test_sequences_count_on_their_own_and_end() -> None:
    sequences = Sequences(config())
    assert [advance(sequences, "a", START), advance(sequences, 7, START)] == [0, 0]
    assert [advance(sequences, "a"), advance(sequences, "a"), advance(sequences, 7)] == [1, 2, 1]
    assert advance(sequences, "a", END) == 3
    assert len(sequences) == 1
    with pytest.raises(KeyError, match="sequence 'a' is not known"):
        advance(sequences, "a")


def test_start_again_begins_afresh() -> None:
    sequences = Sequences(config())
    advance(sequences, "a", START)
    assert advance(sequences, "a", START) == 0


def test_a_request_that_is_start_and_end_keeps_nothing() -> None:
    sequences = Sequences(config())
    advance(sequences, "a", START | END)
    assert len(sequences) == 0


def test_idle_sequences_go_at_the_next_start() -> None:
    clock = Clock()
    sequences = Sequences(config(), clock)
    for name in ("old", "live"):
        advance(sequences, name, START)
    clock.now = 4.0
    advance(sequences, "live")
    clock.now = 6.5  # "old" has been idle for longer than 5 s and the second of grace
    advance(sequences, "new", START)
    assert len(sequences) == 2
    assert advance(sequences, "live") == 2
    with pytest.raises(KeyError, match="idle for over 5 s"):
        advance(sequences, "old")


def test_there_are_never_more_than_the_core_allows() -> None:
    sequences = Sequences(config(candidates=3, batch=1))
    for number in range(1, 100):
        advance(sequences, number, START)
    assert len(sequences) == 3
    assert advance(sequences, 97) == 1


def test_warm_up_is_no_sequence() -> None:
    sequences = Sequences(config())
    assert [advance(sequences, 0), advance(sequences, 0)] == [0, 0]
    assert len(sequences) == 0


def test_what_is_kept_is_not_a_view_of_a_batch() -> None:
    sequences = Sequences(config())
    batch = np.zeros((8, 2, 1), np.float32)
    sequences.advance("a", START, [batch[3:4]])
    kept = sequences.values("a", 0, {})["s"]
    assert kept.base is None
