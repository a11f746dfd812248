"""The reference world's own table, and how near our controls come to it. SIMULATED.

Its figures are means of ten seeds, with a judge that does not err and attribution by the symptom. Three
readings of its words were tried side by side (ten seeds, `memento simulate --judge perfect`):

    "a random half of 6 rules"        each with probability 1/2: better on 30 costs 34 k executions, in the
                                      table 31-38 k; exactly three of six: 29 k
    a proposal that changes nothing   is tried and counted like any other: 31 % of what no gate lets in
                                      harms, in the table 30 %; left out: 41 %
    "adds a missing rule (0.7), else  what is missing may be added, and when nothing was, something harmful
    removes a harmful one (0.5)"      may go: 0.72 without a gate, in the table 0.70; 0.03 when only the
                                      remaining 0.3 may remove

`memento simulate --judge perfect` prints both, figure by figure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt

from memento.evals.simulation.study import SEEDS, Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One acceptance rule of the table; shares in [0, 1], `executions` from and to."""

    success: float
    sd: float
    harmful: float
    false_accept: float
    false_reject: float
    executions: tuple[float, float]


TABLE: Mapping[str, Row] = {
    "no gate": Row(
        success=0.70, sd=0.08, harmful=0.30, false_accept=1.00, false_reject=0.00, executions=(3e3, 3e3)
    ),
    "passes once": Row(
        success=0.84, sd=0.05, harmful=0.25, false_accept=0.36, false_reject=0.58, executions=(4e3, 4e3)
    ),
    "not worse on 10": Row(
        success=0.90, sd=0.04, harmful=0.22, false_accept=0.40, false_reject=0.24, executions=(14e3, 20e3)
    ),
    "better on 10": Row(
        success=0.91, sd=0.03, harmful=0.16, false_accept=0.21, false_reject=0.44, executions=(14e3, 19e3)
    ),
    "better on 30": Row(
        success=0.93, sd=0.01, harmful=0.12, false_accept=0.18, false_reject=0.33, executions=(31e3, 38e3)
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One figure of one rule, ours beside the table's; `off` says how far ours lies outside, if it does.

    Of a success: in standard errors of the difference, less two. Of a share: its difference less 0.05, the
    seeds' own scatter. Of executions: the part of the nearer end by which they miss it, less 0.1.
    """

    arm: str
    figure: str
    ours: float
    table: str
    off: float


def compared(results: Mapping[str, Result]) -> Iterator[Compared]:
    """Every figure that both have."""
    for arm, row in TABLE.items():
        if arm in results:
            yield from _row(arm, results[arm], row)


def _row(arm: str, ours: Result, row: Row) -> Iterator[Compared]:
    error = sqrt((ours.sd**2 + row.sd**2) / SEEDS)
    yield Compared(
        arm=arm,
        figure="true success",
        ours=ours.final_success,
        table=f"{row.success:.2f} ± {row.sd:.2f}",
        off=max(0.0, abs(ours.final_success - row.success) / error - 2),
    )
    for figure, mine, theirs in (
        ("harmful", ours.harmful_share, row.harmful),
        ("false accepts", ours.false_accept, row.false_accept),
        ("false rejects", ours.false_reject, row.false_reject),
    ):
        off = max(0.0, abs(mine - theirs) - 0.05)
        yield Compared(arm=arm, figure=figure, ours=mine, table=f"{theirs:.2f}", off=off)
    low, high = row.executions
    miss = max(low - ours.executions, ours.executions - high, 0.0)
    yield Compared(
        arm=arm,
        figure="executions",
        ours=ours.executions,
        table=f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}",
        off=max(0.0, miss / low - 0.1),
    )
