"""What many days brought, in figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from support.business.measure import Outcome

_ROWS, _SHARE = 5, 0.05


@dataclass(frozen=True)
class Summary:
    """Shares of 1: `needless` of plain days, `eventful` of those with a write-off and the like, `stopped` of losses.

    `told` is of eventful days whose event had been told in advance.
    """

    days: int
    needless: float
    eventful: float
    told: float
    accidents: int
    large: int
    stopped_large: float
    stopped: float
    money: float

    @staticmethod
    def is_large(outcome: Outcome) -> bool:
        """Whether an accident loses at least 5 rows and 5 %."""
        return outcome.lost >= _ROWS and outcome.lost >= _SHARE * outcome.rows


def summed(outcomes: Iterable[Outcome]) -> Summary:
    every = [*outcomes]
    days = [outcome for outcome in every if outcome.kind == "plain"]
    plain, eventful = ([o for o in days if o.eventful is wanted] for wanted in (False, True))
    told = [outcome for outcome in every if outcome.kind == "told"]
    accidents = [outcome for outcome in every if outcome.kind not in {"plain", "told"}]
    large = [outcome for outcome in accidents if Summary.is_large(outcome)]
    money = sum(outcome.money for outcome in accidents)
    return Summary(
        len(plain),
        _share(plain),
        _share(eventful),
        _share(told),
        len(accidents),
        len(large),
        _share(large),
        _share(accidents),
        sum(outcome.money for outcome in accidents if outcome.codes) / money if money else 1,
    )


def _share(outcomes: list[Outcome]) -> float:
    return sum(bool(outcome.codes) for outcome in outcomes) / len(outcomes) if outcomes else 0


HEADER = (
    "| feed | needless in 100 plain reports | with a write-off etc., and told in advance | stopped: ≥ 5 rows and "
    "≥ 5 % | all accidents | of the money |\n|---|---|---|---|---|---|"
)


def line(name: str, of: Summary) -> str:
    """Write one line of the table."""
    cells = (
        name,
        f"{100 * of.needless:.1f} (of {of.days:,})",
        f"{of.eventful:.0%}, {of.told:.0%}",
        f"{of.stopped_large:.1%} (of {of.large:,})",
        f"{of.stopped:.1%} (of {of.accidents:,})",
        f"{of.money:.1%}",
    )
    return f"| {' | '.join(cells)} |"
