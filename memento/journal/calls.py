"""What the calls of models cost."""

from dataclasses import dataclass

from memento.journal.database import Database
from memento.types import Call, Usage

CALLS = (
    "create table if not exists calls(run text not null, purpose text not null, model text not null,"
    " input_tokens integer not null, output_tokens integer not null, usd real, seconds real not null,"
    " error text, at real not null)"
)
"""Made on first use: a journal from before calls were recorded has no such table."""


@dataclass(frozen=True, kw_only=True)
class Calls:
    """The table `calls`."""

    database: Database

    def record(self, call: Call) -> None:
        """Keep what one call of a model cost, whether or not its episode comes to an end."""
        usage = call.usage
        with self.database.transaction() as db:
            # The last calls before a power cut may be lost; waiting for the disk at each is not worth it.
            db.execute("pragma synchronous=normal")
            db.execute(CALLS)
            db.execute(
                "insert into calls values (?,?,?,?,?,?,?,?,?)",
                (call.run, call.purpose, call.model, usage.input_tokens, usage.output_tokens, usage.usd,
                 call.seconds, call.error, call.at),
            )  # fmt: skip

    def of(self, run: str) -> tuple[Call, ...]:
        """The calls of one run, oldest first."""
        with self.database.transaction() as db:
            db.execute(CALLS)
            rows = db.execute("select * from calls where run = ? order by rowid", (run,)).fetchall()
        return tuple(
            Call(
                run=run, purpose=purpose, model=model, seconds=seconds, error=error, at=at,
                usage=Usage(calls=1, input_tokens=given, output_tokens=got, usd=usd),
            )
            for run, purpose, model, given, got, usd, seconds, error, at in rows
        )  # fmt: skip
