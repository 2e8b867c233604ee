# Annotate: `make run` serves the demo, `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The newest Python at hand that is new enough.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# Where pip finds torch, for those who want another build of the same version.
TORCH_INDEX ?=
# What is installed is named by what asks for it: a change of either file installs again.
PINS := $(shell cat constraints.txt pyproject.toml Makefile | git hash-object --stdin)
INSTALLED := $(VENV)/installed-$(PINS)
INSTALLED_DEV := $(VENV)/installed-dev-$(PINS)
CHROMIUM = $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

.PHONY: help install install-dev run test unit e2e browser lint types check bench clean

help: ## List what there is
	@awk -F ':.*## ' '/^[a-z0-9%-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Make .venv and install the pinned packages (TORCH_INDEX=URL: torch from there)
install-dev: $(INSTALLED_DEV)

$(PY):
	@test -n "$(PYTHON)" || { echo "Annotate needs Python 3.11 or newer. Install it, or name it: make run PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(INSTALLED): | $(PY)
	@echo "Installing PyTorch (about 200 MB, more where graphics cards are supported)"
	@$(PIP) "$$($(PY) .ci/requirements.py torch)" $(if $(TORCH_INDEX),--index-url "$(TORCH_INDEX)")
	@echo "Installing the other packages"
	@$(PY) .ci/requirements.py run > $(VENV)/requirements.txt
	@$(PIP) --requirement $(VENV)/requirements.txt
	@$(PIP) --no-deps $$($(PY) .ci/requirements.py without-dependencies)
	@rm -f $(VENV)/installed-* && touch $@

$(INSTALLED_DEV): $(INSTALLED)
	@echo "Installing what the tests need"
	@$(PY) .ci/requirements.py dev > $(VENV)/requirements-dev.txt
	@$(PIP) --requirement $(VENV)/requirements-dev.txt
	@touch $@

run: export LOG_FORMAT ?= text
run: export LOG_LEVEL ?= WARNING
run: $(INSTALLED) ## Serve the demo at http://127.0.0.1:8000/ (PORT=8001 for another port)
	@echo "Preparing the database"
	@$(PY) manage.py migrate --verbosity 0
	@echo "Loading the demo, unless it is there"
	@$(PY) manage.py load_demo
	@echo "Starting"
	@exec $(PY) manage.py serve

test: unit e2e ## Run all tests, the browser's included

unit: $(INSTALLED_DEV) ## Run all tests but the browser's
	@echo "Running the tests"
	@$(PY) -m pytest -n 2 -m "not e2e and not bench"

e2e: $(INSTALLED_DEV) browser ## Run the tests that drive a browser
	@if [ -n "$(CHROMIUM)" ]; then echo "Running the tests in $(CHROMIUM)"; $(PY) -m pytest -m e2e; \
	else echo "SKIPPED: the tests in a browser, because there is no Chromium. Install it, or run this as root on Debian."; fi

browser:
	@if [ -z "$(CHROMIUM)" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null; fi

lint: $(INSTALLED_DEV) ## Check style
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: $(INSTALLED_DEV) ## Check types
	@$(PY) -m mypy

check: lint types ## Check style, types, settings and migrations
	@$(PY) manage.py check
	@$(PY) manage.py makemigrations --check --dry-run

bench: $(INSTALLED_DEV) ## Run every benchmark; results go to build/bench/
	@for file in tests/bench/bench_*.py; do name=$$(basename $$file .py); $(MAKE) bench-$${name#bench_}; done

bench-%: $(INSTALLED_DEV) ## Run one benchmark, such as bench-main
	@mkdir -p build/bench
	@$(PY) -m tests.bench.bench_$*

clean: ## Remove what can be made again (your data in data/ stays)
	@rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
