"""A shell that remembers: state is written down at the end of each call and read at the start of the next.

Kept          working directory, variables (exported or not), functions, shopt options, umask
Not kept      background processes (the sandbox ends them with the call), `set` options, IFS, open files,
              and everything of a call that was killed: then the state is that of the call before
Where         /workspace/.memento/shell, written and read only inside the sandbox

There is no living process between two calls, so there is none that could hang, be confused by what a
command printed, or outlive its limits; and every backend that keeps files keeps this.
"""

STATE = "/workspace/.memento/shell"

# `declare -p` at the top level, not in a function: restored inside one, variables would be local to it.
SCRIPT = r"""
__memento_state=$1 __memento_command=$2
set --
__memento_keep() {
  { set +eux; } 2>/dev/null
  local IFS=$' \t\n' __memento_name
  {
    [ -d "${__memento_state%/*}" ] || mkdir -p -- "${__memento_state%/*}"
    {
      for __memento_name in $(compgen -v); do
        case $__memento_name in
          __memento_*|_|BASH*|COMP_*|DIRSTACK|EPOCH*|EUID|FUNCNAME|GROUPS|HISTCMD|HOSTNAME|HOSTTYPE|IFS|LINENO) ;;
          MACHTYPE|OLDPWD|OPTERR|OPTIND|OSTYPE|PIPESTATUS|PPID|PS4|PWD|RANDOM|SECONDS|SHELLOPTS|SHLVL|SRANDOM|UID) ;;
          *) declare -p "$__memento_name" ;;
        esac
      done
      for __memento_name in $(compgen -A function); do
        case $__memento_name in __memento_*) ;; *) declare -f "$__memento_name" ;; esac
      done
      shopt -p
      umask -p
      printf 'cd -- %q\n' "$PWD"
    } >"$__memento_state.new" && mv -f -- "$__memento_state.new" "$__memento_state"
  } 2>/dev/null
}
trap __memento_keep EXIT
[ -f "$__memento_state" ] && . "$__memento_state" 2>/dev/null
eval "$__memento_command"
"""  # noqa: E501 (a list of names is easier to check unbroken)


def argv(command: str, state: str) -> list[str]:
    """The command in a shell that goes on where the last one stopped; `state` is STATE, as named inside."""
    return ["bash", "--noprofile", "--norc", "-c", SCRIPT, "bash", state, command]
