"""Exercises for the demo: small files with traps in them, and answers known from how they were made.

Each maker writes a file entry by entry and keeps the true answer beside it, so the answer never
comes from a script that could share a mistake with a skill's.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random

from memento.types import Exercise, Gold, Scorer, Task

Maker = Callable[[Random, str, Sequence[str]], Exercise]

PAYEES = ("Acme", "Borg", "Cyan", "Dune", "Elm", "Fjord", "Gale")
SERVICES = ("web", "db", "queue", "mail", "auth")


def ledger(rng: Random, id: str, traps: Sequence[str]) -> Exercise:  # noqa: A002 (a task's id)
    """A CSV ledger whose Amount column is to be added up."""
    total = Decimal(0)
    rows = []
    for number in range(1, 13):
        trap = traps[number % len(traps)] if traps and number % 2 else None
        cents = Decimal(rng.randrange(100, 99_999)) / 100
        if trap == "thousands":
            cents += 1000 * rng.randrange(1, 9)
        written = f'"{cents:,.2f}"' if trap == "thousands" else f"{cents:.2f}"
        if trap == "parentheses":
            written, cents = f"({cents:.2f})", -cents
        elif trap == "currency":
            written = f"{rng.choice(('EUR ', '$', 'USD '))}{cents:.2f}"
        status = "void" if trap == "void" else "paid"
        total += 0 if trap == "void" else cents
        rows.append(f"2024-01-{number:02},{rng.choice(PAYEES)},{written},{status}")
    name = f"{id}.csv"
    text = (
        f"Add up the Amount column of {name} and answer with the total, two decimals. Void rows do not count."
    )
    return _exercise(id, text, name, ["Date,Payee,Amount,Status", *rows], f"{total:.2f}", Scorer.NUMERIC)


def log(rng: Random, id: str, traps: Sequence[str]) -> Exercise:  # noqa: A002
    """A service log in which one service has the most errors."""
    loud, other = rng.sample(SERVICES, 2)
    counts: Counter[str] = Counter()
    lines = []
    for number in range(rng.randrange(3, 6)):
        lines.append(f"1{number}:00 ERROR {other} connection lost")
        counts[other] += 1
    if "repeats" in traps:
        times = rng.randrange(6, 12)
        lines += [f"17:00 ERROR {loud} timeout", f"17:01 last message repeated {times} times"]
        counts[loud] += times + 1
    if "continuations" in traps:
        lines.append(f"18:00 ERROR {other} failed")
        lines += [f"    caused ERROR {loud} by number {n}" for n in range(25)]
        counts[other] += 1
    if "spellings" in traps:
        words = ("ERR", "Error", "FATAL")
        lines += [f"19:{n:02} {words[n % 3]} {loud} gone" for n in range(9)]
        counts[loud] += 9
    lines += [f"20:{n:02} INFO {rng.choice(SERVICES)} ok" for n in range(4)]
    if not traps:
        lines += [f"21:{n:02} ERROR {loud} broken" for n in range(9)]
        counts[loud] += 9
    name = f"{id}.log"
    text = (
        f"Which service in {name} logged the most errors? Answer with its name and how many errors it logged."
    )
    best, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return _exercise(id, text, name, lines, f"{best} {count}", Scorer.EXACT)


def dates(rng: Random, id: str, traps: Sequence[str]) -> Exercise:  # noqa: A002
    """A list of dated events."""
    start = datetime.date(2023, 1, 1) + datetime.timedelta(days=rng.randrange(300))
    days = sorted(start + datetime.timedelta(days=rng.randrange(400)) for _ in range(6))
    written = [day.isoformat() for day in days]
    if "dotted" in traps:
        written[0] = days[0].strftime("%d.%m.%Y")
    if "month_names" in traps:
        last = days[-1].replace(month=12)
        days[-1], written[-1] = last, f"December {last.day}, {last.year}"
    lines = [f"{day} event {number}" for number, day in enumerate(written)]
    if "cancelled" in traps:
        lines.append(f"{(max(days) + datetime.timedelta(days=90)).isoformat()} event 9 (cancelled)")
    rng.shuffle(lines)
    name = f"{id}.txt"
    text = (
        f"How many days lie between the earliest and the latest date in {name}? Cancelled ones do not count."
    )
    return _exercise(id, text, name, lines, str((max(days) - min(days)).days), Scorer.NUMERIC)


def lines_of(rng: Random, id: str, traps: Sequence[str]) -> Exercise:  # noqa: A002, ARG001 (a Maker)
    """Something that needs no new skill."""
    count = rng.randrange(5, 40)
    name = f"{id}.md"
    text = f"How many lines has the file {name}?"
    return _exercise(id, text, name, [f"note {n}" for n in range(count)], str(count), Scorer.NUMERIC)


def _exercise(
    id: str, text: str, name: str, lines: Sequence[str], answer: str, scorer: Scorer  # noqa: A002
) -> Exercise:  # fmt: skip
    task = Task(id=id, text=text, files={name: ("\n".join(lines) + "\n").encode()})
    return Exercise(task=task, gold=Gold(answer=answer, scorer=scorer))


FAMILIES: tuple[tuple[str, Maker, tuple[str, ...]], ...] = (
    ("ledger", ledger, ("thousands", "parentheses", "currency", "void")),
    ("log", log, ("repeats", "continuations", "spellings")),
    ("dates", dates, ("dotted", "month_names", "cancelled")),
    ("lines", lines_of, ()),
)


def stream(seed: int) -> tuple[Exercise, ...]:
    """The tasks to learn from: each family meets its traps one by one, then together, families mixed."""
    rng = Random(f"stream {seed}")
    lanes = []
    for family, make, traps in FAMILIES:
        order = rng.sample(traps, len(traps))
        sets = [[trap] for trap in order] + [rng.sample(traps, min(2, len(traps))) for _ in range(2)]
        lanes.append([make(rng, f"{family}-{n:02}", chosen) for n, chosen in enumerate(sets, 1)])
    turns = [lane for lane, exercises in enumerate(lanes) for _ in exercises]
    rng.shuffle(turns)
    iterators = [iter(exercises) for exercises in lanes]
    return tuple(next(iterators[lane]) for lane in turns)


def heldout(seed: int) -> tuple[Exercise, ...]:
    """Tasks that nothing is learned from: the same families and traps, other files."""
    rng = Random(f"heldout {seed}")
    return tuple(
        make(rng, f"heldout-{family}-{number}", rng.sample(traps, min(difficulty, len(traps))))
        for family, make, traps in FAMILIES
        for number, difficulty in enumerate((1, 1, 2, 3), 1)
    )


def battery(family: str, seed: int, size: int = 12) -> tuple[Exercise, ...]:
    """Hidden tasks that measure a version of a skill: traps alone, in pairs, and none at all."""
    rng = Random(f"battery {family} {seed}")
    make, traps = next((make, traps) for name, make, traps in FAMILIES if name == family)
    sets: list[Sequence[str]] = [[], *([trap] for trap in traps)]
    while len(sets) < size:
        sets.append(rng.sample(traps, 2))
    return tuple(make(rng, f"battery-{family}-{number:02}", chosen) for number, chosen in enumerate(sets))
