"""Where the whole of a long output is kept, so that the model can look for what was cut out of its middle.

The file lies in the workspace, is written inside the sandbox, and is named after its content: the same
output has the same name, so a call that repeats itself still looks the same.
"""

import hashlib

from memento.act.clean import cut
from memento.protocols import SandboxSession

FOLDER = "/workspace/.memento/output"
# The folder and the name are arguments of the script and never part of it.
SCRIPT = 'mkdir -p -- "$1" && cat >"$1/$2"'


def shortened(text: str, most: int, session: SandboxSession) -> str:
    """`text` with its middle cut out when it is longer than `most` characters, and where the whole is."""
    if len(text) <= most:
        return text
    data = text.encode("utf-8", "replace")
    name = f"{hashlib.sha256(data).hexdigest()[:12]}.txt"
    done = session.run(["/bin/sh", "-c", SCRIPT, "sh", session.path(FOLDER), name], stdin=data)
    # A full disk keeps nothing; the cut alone is still an answer.
    return cut(text, most, whole=f"{FOLDER}/{name}" if done.exit_code == 0 else "")
