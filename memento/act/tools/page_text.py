"""The text of a page that strangers wrote, read inside the attempt's sandbox.

HTML parsers are large, partly C, and believe what they are given: a page may crash one, or keep it busy for
ever. Inside, that costs nothing but the answer. The article is looked for first, then the plain text alone.
"""

import signal

from memento.act.clean import clean
from memento.protocols import Completed, Limits, SandboxSession

PROGRAM = ("-m", "memento.act.tools.main_text")
STOPPED = (128 + signal.SIGKILL, 128 + signal.SIGXCPU)
LIMITS = Limits(wall_s=10.0, cpu_s=10, output_kb=4096)


def page_text(html: str, session: SandboxSession, limits: Limits = LIMITS) -> str:
    """The text of `html`, or a sentence that says why there is none. SandboxError when the sandbox breaks."""
    data, why = html.encode("utf-8", "replace"), ""
    for mode in ((), ("plain",)):
        done = session.run([*session.python, *PROGRAM, *mode], stdin=data, limits=limits)
        if done.exit_code == 0:
            return done.stdout.decode("utf-8", "replace")
        why = _why(done)
    return f"[The page came, but its HTML cannot be read: {why}. It may be made to harm.]"


def _why(done: Completed) -> str:
    if done.timed_out or done.exit_code in STOPPED:
        return "that takes more time or memory than a page may"
    said = clean(done.stderr.decode("utf-8", "replace")).strip().splitlines()
    return said[-1][:200] if said else f"the parser ended with {done.exit_code}"
