# The one definition of set-up, demo, test and clean code; CI and people call the same targets.
# Works with nothing but Python 3.11+, git and make: uv is fetched into .uv where it is not installed.
SHELL := /bin/bash
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := .venv/bin

.PHONY: help setup demo dashboard test test-kill test-pm4py check lint types imports contracts format docs bench clean

help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet "uv==0.13.9"

.venv/.ready: pyproject.toml uv.lock | $(filter .uv/bin/uv,$(UV))
	$(UV) sync --frozen --quiet
	@touch $@

setup: .venv/.ready  ## install everything from the lock

demo: setup  ## simulate a year of a company and run the main job on it
	$(RUN)/stagewatch demo

dashboard: setup  ## open the dashboard on the demo
	$(RUN)/stagewatch dashboard --workspace demo

test: setup  ## run the tests
	$(RUN)/pytest -n 2 --dist worksteal

test-kill: setup  ## kill runs at many more random moments
	STAGEWATCH_KILLS=2 $(RUN)/pytest -k any_moment tests/pipelines/test_kill.py

# pm4py in an environment of its own, so that what is tested is what is shipped.
.venv-pm4py/.ready: pyproject.toml uv.lock | $(filter .uv/bin/uv,$(UV))
	UV_PROJECT_ENVIRONMENT=.venv-pm4py $(UV) sync --frozen --quiet --group pm4py
	@touch $@

test-pm4py: .venv-pm4py/.ready  ## compare dwell and moves with pm4py's (needs the real logs)
	.venv-pm4py/bin/pytest -m pm4py -rs tests/examples

check: lint types imports contracts  ## lint, types, import contracts, data contracts against the last release

lint: setup
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

types: setup
	$(RUN)/mypy

imports: setup
	$(RUN)/lint-imports

contracts: setup  ## no data contract breaks anybody without a new major version
	$(RUN)/stagewatch contracts diff

format: setup  ## format the code
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

docs: setup  ## generate the command line's reference
	$(RUN)/python -m typer pipelines.cli utils docs --name stagewatch --output docs/cli.md

bench: setup  ## measure the whole run at 1x and 10x
	$(RUN)/python -m benchmarks.whole_run

clean:  ## remove what the targets made
	rm -rf .venv .venv-pm4py .uv demo dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
