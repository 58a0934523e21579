# One word a verb. Every verb sets up what it needs; nothing is installed by hand.
# Without make: python -m local.setup, local.demo and local.test do the same.

PYTHON ?= python3
VENV ?= .venv
SEEDS ?= 1
HOURS ?= 1
SEED ?= 1
BIN = $(VENV)/bin
export VENV

.DEFAULT_GOAL := help
.PHONY: help setup demo up test long soak check bench format lock clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install everything into .venv, Azurite and a browser for tests into local (PYTHON=python3.13)
	@$(PYTHON) -m local.setup

demo: ## Do the main job on this machine, from chat message to archive
	@$(PYTHON) -m local.demo

up: ## Start the whole stack and stay up: chat into it, and see events arrive on a live page
	@$(PYTHON) -m local.up

test: ## Run every test that takes seconds
	@$(PYTHON) -m local.test

long: setup ## Run the tests that take minutes: two hosts with kills, a backlog, an estate (SEEDS=3)
	"$(BIN)/python" -m pytest tests/long --seeds $(SEEDS)

soak: setup ## Run an hour of chaos, by seed (HOURS=0.1 SEED=2)
	"$(BIN)/python" -m local.soak --hours $(HOURS) --seed $(SEED)

check: setup ## Lint, types, layers, spelling, infrastructure
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports"
	"$(BIN)/codespell"
	"$(BIN)/python" infra/check.py
	"$(BIN)/python" -m pytest -q tests/infra tests/repository

bench: setup ## Measure ingest, formats, backfill, index, site and tables beside their floors (about an hour)
	"$(BIN)/python" -m bench
	"$(BIN)/python" -m bench.render
	"$(BIN)/python" -m bench.growth
	"$(BIN)/python" -m bench.backfill
	"$(BIN)/python" -m bench.index
	"$(BIN)/python" -m bench.site
	"$(BIN)/python" -m bench.insights
	"$(BIN)/python" -m bench.tables

format: setup ## Format the code and sort the imports
	"$(BIN)/ruff" check --fix-only --quiet .
	"$(BIN)/ruff" format .

lock: setup ## Pin what the function app needs, with digests (UPGRADE=--upgrade takes what is newest)
	"$(BIN)/python" -m local.lock $(UPGRADE)

clean: ## Remove what the other verbs have made
	rm -rf .venv* *.egg-info .python_packages build dist demo-archive local/*/node_modules local/browser/chromium*
	rm -rf infra/hooks/.venv infra/hooks/hooks_env
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
