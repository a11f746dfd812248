#!/usr/bin/env bash
set -euo pipefail
file="$1"
COUNT=$(wc -l <"$file")
echo "$COUNT"
