"""Templates to HTML. One page is one file: its style and its script stand in it, allowed by their hashes.

A page of a file:// folder has no origin that `'self'` would name, so hashes are what works everywhere.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from memento.review.pages import plots, text

FOLDER = Path(__file__).parents[2] / "templates" / "pages"


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What every page says of where it stands."""

    library: str
    tip: str
    when: float
    simulated: bool
    waiting: int


@dataclass(frozen=True, kw_only=True)
class Renderer:
    """Renders pages. Those of a server (`live`) may send forms to it and ask it how a job goes."""

    live: bool

    def __call__(self, template: str, frame: Frame, *, path: str, section: str, **values: object) -> str:
        """The page at `path`; `section` is the page of the menu that it belongs to."""
        return self._environment.get_template(f"{template}.html.j2").render(
            library=frame.library,
            tip=frame.tip,
            when=frame.when,
            simulated=frame.simulated,
            waiting=frame.waiting,
            root="../" * path.count("/"),
            section=section,
            live=self.live,
            policy=self.policy,
            style=Markup(self._style),  # noqa: S704 (ours)
            script=Markup(self._script),  # noqa: S704 (ours)
            **values,
        )

    @cached_property
    def policy(self) -> str:
        """The Content-Security-Policy of every page."""
        own = "'self'" if self.live else "'none'"
        return "; ".join(
            (
                "default-src 'none'",
                f"style-src '{_digest(self._style)}'",
                f"script-src '{_digest(self._script)}'",
                f"connect-src {own}",
                f"form-action {own}",
                "base-uri 'none'",
            )
        )

    @cached_property
    def _style(self) -> str:
        return (FOLDER / "memento.css").read_text("utf-8")

    @cached_property
    def _script(self) -> str:
        return (FOLDER / "memento.js").read_text("utf-8")

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_finalized,
            trim_blocks=True,
        )
        environment.filters |= {
            "age": _age,
            "clipped": lambda value, lines=text.MOST_LINES: text.clipped(value, lines=lines),
            "day": text.day,
            "gist": text.gist,
            "interval": plots.interval,
            "minute": text.minute,
            "money": text.money,
            "percent": text.percent,
        }
        return environment


def _finalized(value: object) -> object:
    """Hidden characters are spelled out in whatever a template prints."""
    return text.shown(value) if type(value) is str else value


@pass_context
def _age(context: Context, when: float) -> str:
    return text.age(context["when"] - when)


def _digest(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
