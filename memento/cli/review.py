"""memento review: the open proposals, and a person's word on them."""

import os
import sys
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from memento.changes import Disposition, GateOutcome, Landing
from memento.cli.plain import one_line, plain
from memento.cli.say import gate_line, landing
from memento.cli.workplace import (
    Workplace,
    console,
    json_option,
    library_option,
    open_workplace,
    print_json,
    sandbox_option,
)
from memento.errors import MementoError, UsageError

if TYPE_CHECKING:
    from memento.review.dossier import Dossier
    from memento.review.policy import ReviewPolicy
    from memento.review.reviewing import Review

DONE, REFUSED, WAITS = 0, 1, 5


class Word(StrEnum):
    """What a person says to a proposal."""

    APPROVE = "approve"
    REJECT = "reject"
    EDIT = "edit"
    COMMENT = "comment"
    GATE = "gate"
    SKIP = "skip"


_KEYS = {
    "a": Word.APPROVE,
    "r": Word.REJECT,
    "e": Word.EDIT,
    "c": Word.COMMENT,
    "g": Word.GATE,
    "s": Word.SKIP,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A person's word, with the text that a rejection or a comment has."""

    word: Word
    text: str = ""


def proposal_ids(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """For the shell's completion: the open proposals of the library that one stands in."""
    try:
        proposals = open_workplace(None).library.proposals()
    except MementoError:
        return []
    return [CompletionItem(p.id, help=p.skill) for p in proposals if p.id.startswith(incomplete)]


@click.command()
@click.argument("proposal", metavar="[ID]", required=False, shell_complete=proposal_ids)
@click.option("--all", "every", is_flag=True, help="Walk through all open proposals, one after the other.")
@click.option("--approve", is_flag=True, help="Gate it again, as the merge, and land it unless that FAILs.")
@click.option(
    "--reject", is_flag=True, help="Drop the branch and remember the idea as refused; needs --reason."
)
@click.option("--reason", metavar="TEXT", help="Why it is rejected: the next attempt is told.")
@click.option("--comment", metavar="TEXT", help="Keep a remark beside it.")
@click.option("--edit", is_flag=True, help="Change its files in $VISUAL or $EDITOR, and gate them again.")
@click.option("--gate", is_flag=True, help="Ask the gate again, as after an interruption.")
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant.")
@sandbox_option
@library_option
@json_option
def command(
    proposal: str | None,
    every: bool,
    approve: bool,
    reject: bool,
    reason: str | None,
    comment: str | None,
    edit: bool,
    gate: bool,
    yes: bool,
    sandbox: str | None,
    library_dir: Path | None,
    as_json: bool,
) -> int:
    """List the open proposals, or show the one with ID and decide.

    A beginning of the ID will do, and so will the skill's name, where only one proposal fits.
    On a terminal it asks: approve, reject, edit, comment, gate again or skip. An approved proposal is
    gated once more, as the merge that lands; a FAIL never lands. A rejected one is not tried again.
    What lands by itself and what waits here is said in [review] of memento.toml.

    Exit codes: 0 done, 1 the gate refused it, 5 it still waits for a person.

    \b
    Examples:
      memento review
      memento review 3fa8 --approve
      memento review csv-sums --edit
      memento review 3fa8 --reject --reason "We never round amounts."
      memento review --all
    """
    place = open_workplace(library_dir, {("sandbox", "kind"): sandbox})
    chosen = {Word.APPROVE: approve, Word.REJECT: reject, Word.EDIT: edit, Word.GATE: gate}
    said = _said([word for word, given in chosen.items() if given], reason, comment)
    desk = Desk(place=place, yes=yes, as_json=as_json)
    if said is not None and (proposal is None or every):
        raise UsageError(f"--{said.word} needs the ID of one proposal. `memento review` lists them.")
    if proposal is not None:
        return desk.one(proposal, said)
    return desk.walk() if every else desk.list()


def _said(words: list[Word], reason: str | None, comment: str | None) -> Said | None:
    """The one thing that the options ask for. UsageError for more than one, and for half of one."""
    if comment is not None:
        words = [*words, Word.COMMENT]
    if len(words) > 1:
        raise UsageError(f"Say one thing at a time, not {' and '.join(f'--{word}' for word in words)}.")
    if words == [Word.REJECT] and not (reason or "").strip():
        raise UsageError('--reject needs --reason TEXT, as in --reason "We never round amounts."')
    if reason is not None and words != [Word.REJECT]:
        raise UsageError("--reason goes with --reject. To say something else, use --comment TEXT.")
    return Said(word=words[0], text=reason or comment or "") if words else None


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One call of the command."""

    place: Workplace
    yes: bool
    as_json: bool

    def list(self) -> int:
        from memento.cli.dossier import listing
        from memento.review.dossier import Dossier

        found = self._dossiers()
        if self.as_json:
            print_json(tuple[Dossier, ...], found)
        elif found:
            console().print(listing(found, time.time()))
            console(stderr=True).print(
                "`memento review ID` shows one and asks; `memento review --all` walks through."
            )
        else:
            console(stderr=True).print("no proposal waits for a person")
        return DONE

    def one(self, id: str, said: Said | None) -> int:  # noqa: A002
        """Show it and ask, or do what was said."""
        from memento.review.dossier import Dossier, dossier

        place = self.place
        found = dossier(place.library, place.journal, self._policy(), id)
        if said is not None:
            return self._do(found, said)
        if self.as_json:
            print_json(Dossier, found)
            return DONE
        self._show(found)
        return self._ask(found) if sys.stdin.isatty() else DONE

    def walk(self) -> int:
        """All of them; the exit code is the worst."""
        if self.as_json or not sys.stdin.isatty():
            raise UsageError("--all asks on a terminal. Without one, `memento review --json` lists them.")
        codes = []
        for found in self._dossiers():
            self._show(found)
            codes.append(self._ask(found))
        return next((code for code in (REFUSED, WAITS) if code in codes), DONE)

    def _ask(self, found: "Dossier") -> int:
        choice = click.prompt(
            "\napprove, reject, edit, comment, gate again, skip",
            type=click.Choice([*_KEYS], case_sensitive=False),
            default="s",
            err=True,
        )
        word = _KEYS[choice]
        if word is Word.SKIP:
            return WAITS
        texts = {Word.REJECT: "reason", Word.COMMENT: "comment"}
        text = click.prompt(texts[word], err=True) if word in texts else ""
        return self._do(found, Said(word=word, text=text), asked=True)

    def _do(self, found: "Dossier", said: Said, *, asked: bool = False) -> int:
        id_, final = found.proposal.id, said.word in (Word.APPROVE, Word.REJECT)
        if final and not (asked or self.yes or self.as_json) and sys.stdin.isatty():
            self._show(found)
            click.confirm(f"{said.word} {id_}?", abort=True, err=True)
        review = self._review()
        match said.word:
            case Word.COMMENT:
                return self._commented(review, id_, said.text)
            case Word.REJECT:
                done = review.reject(id_, said.text)
            case Word.APPROVE:
                done = review.approve(id_)
            case Word.GATE:
                done = review.regate(id_)
            case _:
                done = self._edited(review, found)
        return self._told(done)

    def _commented(self, review: "Review", id: str, text: str) -> int:  # noqa: A002
        from memento.journal import Remark

        remark = review.comment(id, text)
        if self.as_json:
            print_json(Remark, remark)
        else:
            console(stderr=True).print(one_line(f"kept: {remark.who}: {remark.text}", 300), soft_wrap=True)
        return DONE

    def _edited(self, review: "Review", found: "Dossier") -> Landing:
        from memento.cli.editing import edited
        from memento.library.history import diff

        library, proposal = self.place.library, found.proposal
        if found.stale is not None:
            console(stderr=True).print(
                f"{found.stale} This is what changed on main meanwhile:", soft_wrap=True
            )
            click.echo(plain(diff(library.git, proposal.skill, proposal.base, library.tip())), err=True)
        head = library.snapshot(proposal.commit)
        files = edited(proposal.skill, head.folder(proposal.skill), head.test(proposal.skill), os.environ)
        return review.edit(proposal.id, files.folder, files.test)

    def _told(self, done: Landing) -> int:
        if self.as_json:
            print_json(Landing, done)
        else:
            text = f"{gate_line(done.report)}\n  {landing(done)}"
            console(stderr=True).print(text, soft_wrap=True)
            if done.disposition is Disposition.OPEN and done.report.outcome is GateOutcome.FAIL:
                hint = f"  go on: `memento review {done.proposal.id} --edit`, or `--reject --reason TEXT`"
                console(stderr=True).print(hint, soft_wrap=True)
        if done.disposition is Disposition.OPEN:
            return REFUSED if done.report.outcome is GateOutcome.FAIL else WAITS
        return DONE

    def _show(self, found: "Dossier") -> None:
        from memento.cli.dossier import show

        show(found, time.time())

    def _dossiers(self) -> "tuple[Dossier, ...]":
        from memento.review.dossier import dossiers

        return dossiers(self.place.library, self.place.journal, self._policy())

    def _policy(self) -> "ReviewPolicy":
        from memento.assemble.ambience import Ambience
        from memento.assemble.reviews import policy_of

        return policy_of(self.place.library, Ambience())

    def _review(self) -> "Review":
        from memento.assemble.ambience import Ambience
        from memento.assemble.gates import lazy_sandbox_of
        from memento.assemble.reviews import review_of

        config = self.place.config
        sandbox = lazy_sandbox_of(config, os.environ)
        return review_of(self.place.library, sandbox, Ambience(), config=config, environ=os.environ)
