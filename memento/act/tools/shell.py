"""A shell that remembers: state is written down at the end of each call and read at the start of the next.

Kept          working directory, variables (exported or not), functions, shopt options, umask
Not kept      background processes (the sandbox ends them with the call), `set` options, open files,
              and everything of a call that was killed: then the state is that of the call before
Where         /workspace/.memento/shell, written and read only inside the sandbox

There is no living process between two calls, so there is none that could hang, be confused by what a
command printed, or outlive its limits; and every backend that keeps files keeps this.
"""

STATE = "/workspace/.memento/shell"

# All is dumped, and what is read-only is refused when it is read again: choosing would take a subshell.
# `builtin` and `command`, because a command may have made functions of these names. The state is read before
# our own variables are set, and at the top level: `declare` in a function would make locals.
SCRIPT = r"""
[ -f "$1" ] && . "$1" 2>/dev/null
__memento_state=$1 __memento_command=$2
set --
__memento_keep() {
  { builtin set +eux; } 2>/dev/null
  {
    [ -d "${__memento_state%/*}" ] || command mkdir -p -- "${__memento_state%/*}"
    {
      builtin printf 'builtin cd -- %q\n' "$PWD"
      builtin shopt -p
      builtin umask -p
      builtin declare -p
      builtin declare -f
    } >"$__memento_state.new" && command mv -f -- "$__memento_state.new" "$__memento_state"
  } 2>/dev/null
}
trap __memento_keep EXIT
eval "$__memento_command"
"""


def argv(command: str, state: str) -> list[str]:
    """The command in a shell that goes on where the last one stopped; `state` is STATE, as named inside."""
    return ["bash", "--noprofile", "--norc", "-c", SCRIPT, "bash", state, command]
