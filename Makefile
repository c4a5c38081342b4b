# Candor. `make` alone shows this list; CI runs `make check` and `make test` (.ci/run), as people do.
.DEFAULT_GOAL := help
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
RUN := $(BIN)/python -m
STACK := $(RUN) shared.stack
# The same files whatever the person has in the environment: no .pyc of another version, no user site.
export PYTHONNOUSERSITE := 1

.PHONY: help
help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1 \t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 26
	@echo
	@echo '  CANDOR_PORT (8080) and CANDOR_HOME (.candor) let several stacks run side by side.'

.PHONY: setup
setup:  ## Install what is missing: Debian packages, .venv, .tools (run, test and check do it by themselves)
	@$(PYTHON) -m shared.stack.install

.PHONY: setup-tests
setup-tests:  ## Install as well what judges the platform: Chromium, Prometheus, litmus … (test and check do it)
	@$(PYTHON) -m shared.stack.install --tests

# ── The platform ──────────────────────────────────────────────────────────────────────────────────────────────────
.PHONY: run up down status doctor logs demo promises
run: setup  ## Run the platform here, at http://127.0.0.1:8080; Ctrl-C ends it
	@$(STACK) run

up: setup  ## Run it in the background; returns when everything answers
	@$(STACK) up

down: setup  ## End what runs in the background
	@$(STACK) down

status: setup  ## Show each part, the addresses and the log-ins
	@$(STACK) status

doctor:  ## Name whatever is missing or misconfigured, and the remedy
	@if [ -f .venv/installed ]; then $(STACK) doctor; else echo '✗ .venv is not there → make setup'; exit 1; fi

logs: setup  ## Show the logs: make logs PART=identity
	@$(STACK) logs $(PART)

demo: setup  ## Tell the whole story to the running stack, as its users would (make up first)
	@$(RUN) tests.demo

promises: setup  ## Show how the running stack keeps each promise; exit 1 when one is broken or unknown
	@$(STACK) promises

# ── Tests and checks ──────────────────────────────────────────────────────────────────────────────────────────────
.PHONY: test test-unit bench chaos cluster-test
# Each worker has parts of its own; build/durations.json, which a run leaves, gives them equal shares.
WORKERS ?= 2
PYTEST := pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder
test: setup-tests  ## Run all tests, two files at a time: unit, integration on real parts, end to end through the edge
	@$(RUN) $(PYTEST) --keep-durations --durations=25

test-unit: setup  ## Run the tests that need no database, broker or browser: under 20 s
	@$(RUN) $(PYTEST) -q tests/unit tests/architecture

cluster-test: setup  ## Prove image and chart on a real Kubernetes of one node (ARGS=--keep leaves it up)
	@$(RUN) tests.cluster $(ARGS)

bench: setup  ## Measure, into build/bench.json; AREA=sync for one area, BASE=commit to compare with an older commit
	@$(RUN) tests.bench $(AREA) $(if $(BASE),--base $(BASE)) $(if $(PAIRS),--pairs $(PAIRS))

chaos: setup  ## Kill parts under load, into build/chaos.json; SCENE=broker-killed for one scene
	@$(RUN) tests.chaos $(SCENE)

CHECKS := lint format types imports dependencies contracts rules chart
.PHONY: check $(CHECKS:%=check-%)
check: setup-tests  ## Lint, types, who imports whom, contracts, the rules of the house, the chart; side by side
	@$(MAKE) --jobs=3 --output-sync=target --keep-going $(CHECKS:%=check-%) && echo 'All checks passed.'

check-lint:
	@echo '· ruff check' && $(BIN)/ruff check .
check-format:
	@echo '· ruff format' && $(BIN)/ruff format --check .
check-types:
	@echo '· mypy' && $(BIN)/mypy
check-imports:
	@echo '· import-linter' && $(BIN)/lint-imports
check-dependencies:
	@echo '· deptry' && $(BIN)/deptry .
check-contracts:
	@echo '· buf' && $(BIN)/buf lint proto && $(BIN)/buf breaking proto --against proto/base.binpb
check-rules:
	@echo '· tests/architecture' && $(RUN) pytest tests/architecture -q
check-chart:
	@echo '· hadolint' && $(BIN)/hadolint Dockerfile tests/cluster/images/*.Dockerfile
	@echo '· tests/chart' && $(RUN) pytest tests/chart -q

# ── What is generated ─────────────────────────────────────────────────────────────────────────────────────────────
.PHONY: new-service proto lock docs image chart clean
new-service: setup  ## Write a service that starts: make new-service NAME=loyalty (SUMMARY="…" LABEL="…")
	@[ -n '$(NAME)' ] || { echo 'NAME is missing: make new-service NAME=loyalty (more: docs/how-to/new-service.md)' >&2; exit 2; }
	@$(RUN) shared.stack.new_service '$(NAME)' $(if $(SUMMARY),--summary '$(SUMMARY)') $(if $(LABEL),--label '$(LABEL)')

proto: setup  ## Generate shared/contracts from proto/
	@$(RUN) shared.contracts

UV := .tools/uv/bin/uv
COMPILE := $(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links
lock: setup  ## Lock the dependencies anew, with hashes
	@[ -x $(UV) ] || { $(PYTHON) -m venv .tools/uv && .tools/uv/bin/pip install -q uv; }
	@$(COMPILE) pyproject.toml -o requirements.lock
	@$(COMPILE) pyproject.toml --group stack --group dev -o requirements-dev.lock
	@$(COMPILE) requirements-mongo.in --prerelease allow -o requirements-mongo.lock
	@$(COMPILE) requirements-mongo-fallback.in --prerelease allow -o requirements-mongo-fallback.lock

docs: setup  ## Write what is made of the code: copies of the registry, the catalogue of errors, the README of the chart
	@$(RUN) shared.stack.registry_copies
	@$(RUN) shared.stack.error_codes
	@$(RUN) tests.chart.readme
	@$(RUN) shared.bus definitions > charts/candor/files/broker.json

VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
BUILDER ?= $(firstword $(foreach tool,docker podman buildah,$(shell command -v $(tool))))
image:  ## Build the image of the services, and the one with the local mailbox for trying out the chart
	@[ -n '$(BUILDER)' ] || { echo '✗ there is no docker, podman or buildah to build an image with'; exit 1; }
	@$(BUILDER) build --target service --tag localhost/candor:$(VERSION) .
	@$(BUILDER) build --target dev --tag localhost/candor-dev:$(VERSION) .

chart: setup  ## Render the example values of the chart into build/chart, as `helm template` does
	@$(RUN) tests.chart

clean:  ## Remove what was built (build/, caches); keeps .venv, .tools and the data of stacks
	@rm -rf build && git worktree prune
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find shared services tests -name __pycache__ -type d -prune -exec rm -rf {} +
