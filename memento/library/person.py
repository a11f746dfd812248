"""Who sits at the keyboard: the name that the person's own git would sign with.

`git config` is the one command that is asked with the person's own settings. It runs nothing of theirs:
no hook, no alias, no pager, no helper; it reads files. The answer is a name for a trailer, nothing else.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from memento.library.messages import one_line

NOBODY = "a person"
_HANDED_ON = ("HOME", "XDG_CONFIG_HOME", "PATH")


def person(git_dir: Path, environ: Mapping[str, str]) -> str:
    """ "Ada <ada@example.org>", as much of it as is known; "a person" when nothing is."""
    name, email = (_setting(git_dir, environ, key) for key in ("user.name", "user.email"))
    return " ".join(part for part in (name, f"<{email}>" if email else "") if part) or NOBODY


def _setting(git_dir: Path, environ: Mapping[str, str], key: str) -> str:
    # Not through `Git`: that one sees no settings of the person, which is what is asked for here.
    done = subprocess.run(
        ["git", f"--git-dir={git_dir}", "config", "--get", key],
        cwd="/",
        env={name: environ[name] for name in _HANDED_ON if name in environ} | {"LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    return one_line(done.stdout.decode("utf-8", "replace")).strip("<> ") if done.returncode == 0 else ""
