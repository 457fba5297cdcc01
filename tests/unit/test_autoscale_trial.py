"""How a real run is put beside simulations of it. The run itself takes minutes: `perf autoscale-real`."""

import pytest

from cluster.autoscaling import agreement, trial
from cluster.autoscaling.result import result
from perf import report
from perf.autoscale.ledger import Books, Ledger, Moment
from perf.autoscale.manifests import scaled_object
from perf.report.page import section_of


def run(replicas: list[int], *, refused: int = 0, waiting_s: float = 0.0, every_s: float = 1.0) -> Books:
    """A run with a number of replicas in each period."""
    timeline = [Moment(at * every_s, count, count, 2 * count, 0) for at, count in enumerate(replicas)]
    return Books(every_s=every_s, timeline=timeline, rest=Ledger(refused=refused, waiting_s=waiting_s))


def test_measures_stand_beside_each_other() -> None:
    real = run([1, 1, 2, 2, 3, 3, 2, 1, 1], refused=2, waiting_s=90.0)
    simulated = [run([1, 2, 2, 2, 2, 2, 2, 2, 2]), run([1, 1, 1, 2, 3, 2, 1, 1, 1], refused=4)]
    found = {row["measure"]: row for row in agreement.measures(real, simulated)}
    assert found["replica 2 ordered (s)"]["real"] == 2
    assert found["replica 2 ordered (s)"]["mean"] == 2
    assert found["replica 3 ordered (s)"]["real"] == 4
    assert found["replica 3 ordered (s)"]["mean"] == 4  # of the one that ordered it
    assert found["back to one replica (s)"]["real"] == 7
    assert found["back to one replica (s)"]["mean"] == 6
    assert found["rooms refused at first"]["real"] == 2
    assert found["rooms refused at first"]["mean"] == 2
    assert found["minutes that refused rooms waited"]["real"] == 1.5


def test_what_never_happened_is_no_number() -> None:
    found = {row["measure"]: row for row in agreement.measures(run([1, 2]), [run([1, 1])])}
    assert found["replica 2 ordered (s)"]["mean"] is None
    assert found["back to one replica (s)"]["real"] is None


def test_runs_are_compared_at_the_same_moments_whatever_their_own() -> None:
    real = run([1, 3], every_s=4.0)
    simulated = [run([1, 1, 2, 2, 3, 3, 3, 3]), run([1, 1, 2, 2, 3, 3, 3, 3])]
    found = agreement.series(real, simulated, lambda moment: moment.replicas, 1.0)
    assert list(found["at_s"]) == [0, 1, 2, 3, 4]
    assert list(found["real"]) == [1, 1, 1, 1, 3]
    assert list(found["mean"]) == [1, 1, 2, 2, 3]
    assert agreement.apart(found) == pytest.approx(2 / 5)
    assert agreement.outside(found) == pytest.approx(2 / 5)


def test_the_trial_is_what_is_shipped_but_for_bounds_and_window() -> None:
    shipped, mine = scaled_object(), trial.policy()
    assert mine.metrics == shipped.metrics
    assert mine.behaviour.up == shipped.behaviour.up
    assert mine.behaviour.down.rates == shipped.behaviour.down.rates
    assert (mine.least, mine.most) == (1, trial.MOST)


def test_the_trial_s_simulation_goes_to_three_replicas_and_back() -> None:
    simulated = trial.simulated([12.0], runs=10)
    assert len(simulated) == 10
    for books in simulated:
        assert books.peak == trial.MOST
        assert books.timeline[0].replicas == books.timeline[-1].replicas == 1
        assert books.day.starts == len(trial.ROOMS)
        assert books.day.gave_up == books.day.dropped == 0
    assert any(books.day.refused for books in simulated)


def test_slower_replicas_make_rooms_wait_longer() -> None:
    def waited(took_s: float) -> float:
        return sum(books.day.waiting_s for books in trial.simulated([took_s], runs=10))

    assert waited(60.0) > 2 * waited(5.0)


def test_a_trial_is_drawn_like_any_result() -> None:
    simulated = trial.simulated([12.0], runs=5)
    found = result(simulated[0], simulated, [12.0], [0.2, 0.3], ["room 1: lost"], ["a note"])
    shown = section_of(report.provenance({}) | found)
    assert shown.notes == ("a note", "room 1: lost")
    assert "p95 of partial captions: 0.29" in shown.headline
    for figure in shown.figures:
        assert figure.png().startswith(b"\x89PNG")
