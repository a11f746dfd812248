#!/bin/sh
# Installs what only the system can give: bubblewrap, and venv where Debian keeps it apart.
# With the argument `browser` it installs what tests need instead: Chromium and its driver for the pages,
# tmux for the chat.
# Does nothing when all is there; where it may not install, it says so and goes on.
set -eu

missing=""
if [ "${1:-}" = browser ]; then
    command -v chromedriver >/dev/null 2>&1 || missing="chromium chromium-driver"
    command -v tmux >/dev/null 2>&1 || missing="$missing tmux"
else
    command -v bwrap >/dev/null 2>&1 || missing="bubblewrap"
    ${PYTHON:-python3} -c 'import ensurepip, venv' >/dev/null 2>&1 || missing="$missing python3-venv"
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "missing: $missing. Install it with this system's package manager." >&2
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "missing: $missing, and this user may not install it: sudo apt install $missing" >&2
    exit 0
fi
echo "installing $missing ..."
export DEBIAN_FRONTEND=noninteractive
# The list of packages may be old or empty: try without a download first.
# shellcheck disable=SC2086
$as_root apt-get install -y -qq $missing >/dev/null 2>&1 ||
    { $as_root apt-get update -qq && $as_root apt-get install -y -qq $missing >/dev/null; } ||
    echo "could not install $missing; see what apt-get says" >&2
