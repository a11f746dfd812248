"""What happened, as an append-only log in SQLite (WAL) under `.memento/`; and what has not ended yet.

    journal.db
        episodes    one row per attempt, the whole value as JSON                         journal.py
        outcomes    what an episode says about the skill version it used;
                    utility is a query over it                                           journal.py
        ideas       proposals and what became of them; refused ones are not tried again  ideas.py
        remarks     what people said about a proposal                                    ideas.py
        calls       one row per call of a model: purpose, tokens, dollars, seconds       calls.py
        runs        test runs that passed, and what follows from content alone           cache.py
    learning.db     how far learning runs have come                                      progress.py
    chats/          conversations                                                        chats.py
    runs/           runs of `memento run` that were interrupted                          unfinished.py

Nothing that a user needs lives only here: skills, tests, tips and evidence are in git. A rejected
proposal changes no outcome, and a rewrite does not wipe the outcomes of the version before.
Outcomes alone travel between clones (outcomes.py).
"""

from memento.journal.ideas import Idea, Remark
from memento.journal.journal import Asked, Glance, Journal

__all__ = ["Asked", "Glance", "Idea", "Journal", "Remark"]
