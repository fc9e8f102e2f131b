import pytest

from backprop.bench import timing


def test_candidates_take_turns(monkeypatch):
    clock, calls = [0.0], []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])

    def candidate(name, seconds):
        def call():
            calls.append(name)
            clock[0] += seconds

        return call

    found = timing.alternate(
        {"a": candidate("a", 0.001), "b": candidate("b", 0.004)}, seconds=0.0, least=3, turn=0.004
    )
    assert found == {"a": pytest.approx(0.001), "b": pytest.approx(0.004)}
    assert "".join(calls) == "aaaa" + "bbbb" + ("aaaa" + "b") * 3


def test_the_median_forgets_an_outlier(monkeypatch):
    clock, durations = [0.0], iter([1, 1, 1, 1, 1, 50, 1, 1, 1])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])

    def call():
        clock[0] += next(durations)

    assert timing.alternate({"a": call}, seconds=0.0, least=5, turn=0.0) == {"a": 1}


def test_what_is_slow_at_its_second_call_has_whole_turns(monkeypatch):
    """As a function that is compiled for each kind of array that comes."""
    clock, calls = [0.0], []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])

    def call():
        calls.append(1)
        clock[0] += 8 if len(calls) < 3 else 1

    assert timing.alternate({"a": call}, seconds=0.0, least=5, turn=4.0) == {"a": 1}
    assert len(calls) == 4 + 5 * 4
