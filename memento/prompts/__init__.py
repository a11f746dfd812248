"""Prompts are files. The first line of each names its variables; undefined ones raise.

Text that the project did not write (tasks, traces, tool output, skill text under repair) goes
through the `untrusted` filter: it is put between named tags and a closing tag inside it is
neutralised, so that the text cannot end its own quotation. That is hygiene, not a defence: what
bounds an injection is that no reader of such text can write to the repository.
"""

import hashlib
import re
from functools import cache
from importlib import resources

from jinja2 import DictLoader, Environment, StrictUndefined

_ENDS_ATTRIBUTE = r"[\"<>\x00-\x1f\x7f-\x9f]"


def untrusted(text: object, tag: str, **attributes: object) -> str:
    """`text` between <tag name="value"> and </tag>, with every closing tag of that name inside it defused."""
    inner = re.sub(rf"<(\s*/\s*{re.escape(tag)})", r"<\\\1", str(text), flags=re.IGNORECASE)
    # A value is as untrusted as the text: it may not end its attribute nor its tag.
    values = "".join(f' {name}="{re.sub(_ENDS_ATTRIBUTE, "?", str(v))}"' for name, v in attributes.items())
    return f"<{tag}{values}>\n{inner}\n</{tag}>"


@cache
def _environment() -> Environment:
    folder = resources.files(__name__)
    sources = {f.name: f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".j2")}
    # Prompts are text for a model, not HTML: escaping would corrupt what it must quote verbatim.
    environment = Environment(  # noqa: S701
        loader=DictLoader(sources), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["untrusted"] = untrusted
    return environment


def render(name: str, /, **variables: object) -> str:
    """The prompt `name`.md.j2 with its variables filled in; jinja2.UndefinedError when one is missing."""
    return _environment().get_template(f"{name}.md.j2").render(**variables)


def digest(name: str) -> str:
    """SHA-256 of the prompt's source, for the journal: which wording an episode was run with."""
    return hashlib.sha256(resources.files(__name__).joinpath(f"{name}.md.j2").read_bytes()).hexdigest()
