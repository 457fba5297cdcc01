"""A result of `perf text` as people see it."""

from perf.report import Row, Section, Table, number

_THROUGHPUT = {"models": "models", "lines/s": "lines_per_s:.0f", "of the peer's": "ratio:.1f"}
_SINGLY = {
    "models": "models",
    "lines/s": "rate:.0f",
    "answered": "answered",
    "failed": "failed",
    "p50 s": "latency_p50_s:.3f",
    "p95 s": "latency_p95_s:.3f",
    "p99 s": "latency_p99_s:.3f",
    "load late p95 s": "load_late_p95_s:.3f",
}


def section(result: Row) -> Section:
    """A result of `perf text`, as its JSON has it."""
    throughput, singly = result.get("throughput"), result.get("singly")
    if not throughput or singly is None:
        raise RuntimeError("not a result of perf text: it has no throughput")
    peer = result.get("peer")
    rows = [
        row | {"ratio": row["lines_per_s"] / peer["lines_per_s"] if peer else None}
        for row in (*throughput, *([peer] if peer else []))
    ]
    both = next(row for row in throughput if row["models"] == "both")
    notes = [
        "Through gRPC, in batches of 256 from 8 callers; one by one: at times of a Poisson process, each a "
        "call of its own, which the client puts together. Latency runs from when a line was due.",
    ]
    if peer:
        notes.append(
            "The peer: BERT base with six outputs and random weights, in one process, in batches of 32, "
            "without a tokenizer and without gRPC."
        )
    return Section(
        title="Lines of chat",
        headline=f"{number(both['lines_per_s'], 0)} lines of chat a second, judged and their mood told.",
        tables=(
            Table.of("as many as can be", rows, _THROUGHPUT),
            Table.of("one by one", singly, _SINGLY),
        ),
        notes=tuple(notes),
    )
