# One word a verb. Every verb sets up what it needs; nothing is installed by hand.

PYTHON ?= python3
VENV ?= .venv
SEEDS ?= 1
HOURS ?= 1
SEED ?= 1
BIN = $(VENV)/bin
READY = $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test long soak check bench format lock clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Install everything into .venv (and Azurite into local/azurite)

$(READY): pyproject.toml requirements.txt local/azurite/package-lock.json
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 to 3.13 is needed, this is " + sys.version.split()[0] if not (3, 11) <= sys.version_info < (3, 14) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[cli,parquet,fsspec,local,dev]'
	$(BIN)/python -m local.node
	@touch $@

demo: setup ## Do the main job on this machine, from chat message to archive
	$(BIN)/python -m local.demo

test: setup ## Run every test that takes seconds
	$(BIN)/python -m pytest

long: setup ## Run the tests that take minutes: two hosts with kills, a backlog (SEEDS=3 for more)
	$(BIN)/python -m pytest tests/long --seeds $(SEEDS)

soak: setup ## Run an hour of chaos, by seed (HOURS=0.1 SEED=2)
	$(BIN)/python -m local.soak --hours $(HOURS) --seed $(SEED)

check: setup ## Lint, types, layers, infrastructure
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/infra tests/repository

bench: setup ## Measure ingest, formats and backfill beside their floors (about half an hour)
	$(BIN)/python -m bench
	$(BIN)/python -m bench.render
	$(BIN)/python -m bench.growth
	$(BIN)/python -m bench.backfill

format: setup ## Format the code and sort the imports
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

lock: setup ## Pin what pyproject.toml asks for at run time, with digests (UPGRADE=--upgrade takes what is newest)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes $(UPGRADE) \
	  --custom-compile-command 'make lock' --quiet --output-file requirements.txt

clean: ## Remove what the other verbs have made
	rm -rf .venv* *.egg-info demo-archive local/azurite/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
