"""How each feed ended last, for `--only failed`."""

from __future__ import annotations

from pathlib import Path

from arfeed.operations.many.choice import choose
from arfeed.operations.many.memory import LastOutcomes
from arfeed.operations.many.outcome import Outcome


def test_what_was_due_and_never_ended_is_not_delivered(tmp_path: Path) -> None:
    last = LastOutcomes(tmp_path)
    names = {tmp_path / name: name for name in "abc"}
    for name in names.values():
        last.add(name, Outcome(tmp_path / name, 0, 1.0))
    delivered = last.delivered()
    last.begin(names.values())
    # Only one had its turn before everything was ended.
    last.add("b", Outcome(tmp_path / "b", 0, 1.0))
    assert choose(names, ["failed"], None, last.codes) == [tmp_path / "a", tmp_path / "c"]
    # When it was delivered before is still known.
    assert {name: at for name, at in last.delivered().items() if name != "b"} == {
        name: at for name, at in delivered.items() if name != "b"
    }
