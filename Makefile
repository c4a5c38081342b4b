# Candor. `make` without a target lists the targets; CI runs `make check` and `make test` (.ci/run).
.DEFAULT_GOAL := help
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
RUN := $(BIN)/python -m
# The demonstration and the benches run the client that customers install.
export PYTHONPATH := $(CURDIR)/clients/python
STACK := $(RUN) shared.stack
# Do not depend on the user's environment: no packages from the user site.
export PYTHONNOUSERSITE := 1

.PHONY: help
help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1 \t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 26
	@echo
	@echo '  CANDOR_PORT (8080) and CANDOR_HOME (.candor) let several stacks run side by side.'

.PHONY: setup
setup:  ## Install what is missing: Debian packages, .venv, .tools (run, test and check do this first)
	@$(PYTHON) -m shared.stack.install

.PHONY: setup-tests
setup-tests:  ## Also install the test programs: Chromium, Prometheus, litmus … (test and check do this first)
	@$(PYTHON) -m shared.stack.install --tests

# ── The platform ──────────────────────────────────────────────────────────────────────────────────────────────────
.PHONY: run up down status doctor logs demo promises scan
run: setup  ## Run the platform in the foreground, at http://localhost:8080; Ctrl-C stops it
	@$(STACK) run

up: setup  ## Start the platform in the background; returns when every part is ready
	@$(STACK) up

down: setup  ## Stop the platform
	@$(STACK) down

status: setup  ## Show the state of each part, the addresses and the log-ins
	@$(STACK) status

doctor:  ## Check for missing programs and wrong settings, and show the remedies
	@if [ -f .venv/installed ]; then $(STACK) doctor; else echo '✗ .venv is missing → make setup'; exit 1; fi

logs: setup  ## Show the last log lines: make logs PART=identity
	@$(STACK) logs $(PART)

demo: setup  ## Run the demonstration against the running stack, as its users would (make up first)
	@$(RUN) tests.demo

promises: setup  ## Show the state of each promise in the running stack; exit 1 when one is broken or unknown
	@$(STACK) promises

scan: setup  ## Send test card numbers through every path of the running stack, then search all that it stores
	@$(RUN) tests.scan

# ── Tests and checks ──────────────────────────────────────────────────────────────────────────────────────────────
.PHONY: test test-unit bench chaos cluster-test
# Each worker has parts of its own; build/durations.json, written by each run, balances their load.
WORKERS ?= 2
PYTEST := pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder
test: setup-tests  ## Run all tests with two workers: unit, integration on real parts, end to end through the edge
	@$(RUN) $(PYTEST) --keep-durations --durations=25

test-unit: setup  ## Run the tests without database, broker or browser: under 20 s
	@$(RUN) $(PYTEST) -q tests/unit tests/architecture

cluster-test: setup  ## Test image and chart on a real single-node Kubernetes (ARGS=--keep leaves it running)
	@$(RUN) tests.cluster $(ARGS)

bench: setup  ## Run the benchmarks into build/bench.json; AREA=sync for one area, BASE=commit to compare with a commit
	@$(RUN) tests.bench $(AREA) $(if $(BASE),--base $(BASE)) $(if $(PAIRS),--pairs $(PAIRS))

chaos: setup  ## Kill parts under load, results in build/chaos.json; SCENE=broker-killed for one scenario
	@$(RUN) tests.chaos $(SCENE)

CHECKS := lint format types imports dependencies contracts rules chart
.PHONY: check $(CHECKS:%=check-%)
check: setup-tests  ## Run all static checks in parallel: lint, types, imports, contracts, architecture tests, chart
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
.PHONY: new-service proto lock docs oauth-clients image chart browser-client clean
new-service: setup  ## Create a working service: make new-service NAME=loyalty (SUMMARY="…" LABEL="…")
	@[ -n '$(NAME)' ] || { echo 'NAME is missing: make new-service NAME=loyalty (more: docs/how-to/new-service.md)' >&2; exit 2; }
	@$(RUN) shared.stack.new_service '$(NAME)' $(if $(SUMMARY),--summary '$(SUMMARY)') $(if $(LABEL),--label '$(LABEL)')

proto: setup  ## Generate shared/contracts from proto/
	@$(RUN) shared.contracts

UV := .tools/uv/bin/uv
COMPILE := $(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links
lock: setup  ## Update the lock files, with hashes
	@$(COMPILE) pyproject.toml -o requirements.lock
	@$(COMPILE) pyproject.toml --group stack --group dev -o requirements-dev.lock
	@$(COMPILE) requirements-localstripe.in -o requirements-localstripe.lock
	@$(COMPILE) requirements-oauth-clients.in -o requirements-oauth-clients.lock
	@$(COMPILE) requirements-mongo.in --prerelease allow -o requirements-mongo.lock
	@$(COMPILE) requirements-mongo-fallback.in --prerelease allow -o requirements-mongo-fallback.lock
	@$(COMPILE) requirements-statistics.in -o requirements-statistics.lock
	@$(COMPILE) requirements-tauargus.in -o requirements-tauargus.lock
	@$(COMPILE) requirements-uv.in -o requirements-uv.lock

oauth-clients: setup  ## Run the OAuth clients that are not ours, and write docs/reference/oauth-clients.md
	@WRITE_OAUTH_CLIENTS=1 $(RUN) pytest -q tests/conformance/oauth

docs: setup  ## Generate documentation: tables of services, error catalogue, reference, the README of the chart
	@$(RUN) shared.stack.registry_copies
	@$(RUN) shared.stack.error_codes
	@$(RUN) tests.chart.readme
	@$(RUN) shared.bus definitions > charts/candor/files/broker.json
	@$(RUN) tests.reference
	@$(RUN) tests.reference.scoreboard
	@$(RUN) tests.architecture.measure

VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
BUILDER ?= $(firstword $(foreach tool,docker podman buildah,$(shell command -v $(tool))))
image:  ## Build the images: of the services, of telemetry with OpenDP, and with the local mailbox (to try out the chart)
	@[ -n '$(BUILDER)' ] || { echo '✗ no docker, podman or buildah found → install one of them'; exit 1; }
	@$(BUILDER) build --target service --tag localhost/candor:$(VERSION) .
	@$(BUILDER) build --target dev --tag localhost/candor-dev:$(VERSION) .
	@$(BUILDER) build --target statistics --tag localhost/candor-statistics:$(VERSION) .

chart: setup  ## Render the example values of the chart into build/chart, as `helm template` does
	@$(RUN) tests.chart

browser-client:  ## Build the module for web apps from clients/browser, with the pinned packages; CHECK=1 only compares
	@cd clients/browser && npm ci --no-audit --no-fund --silent && npm run --silent $(if $(CHECK),check,build)

clean:  ## Delete build/ and the caches; keeps .venv, .tools and the data of stacks
	@rm -rf build && git worktree prune
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find shared services tests -name __pycache__ -type d -prune -exec rm -rf {} +
