# Each target does the set-up it needs, once; a second run starts at once.
#
#   make demo     prepare a small dataset with real axolotl and look at it
#   make check    the fast gate: lint, format, types, import contracts, quick tests
#   make test     every test, with real axolotl
#   make bench    the figures, each beside its peer
#   make pictures the README's pictures, drawn by the app itself
#   make clean    remove what was built, but not the virtual environment
#
# PYTHON=/path/to/python3.12 chooses the interpreter, VENV=folder the virtual environment;
# EXTRAS=dev leaves axolotl and torch out, CONSTRAINTS=file names other versions. What was chosen at
# first is kept. JOBS=n tests at a time.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

FITS = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))
PYTHON ?= $(shell for python in python3.11 python3.12 python3; do \
	if $$python -c '$(FITS)' 2>/dev/null; then echo $$python; break; fi; done)
VENV ?= .venv
BIN := $(VENV)/bin
EVERYTHING := train,dev
EXTRAS ?= $(or $(shell cat $(VENV)/.extras 2>/dev/null),$(EVERYTHING))
LOGS := .inspect/logs
JOBS ?= 2
CONSTRAINTS ?= $(or $(shell cat $(VENV)/.constraints 2>/dev/null),constraints.txt)
DEMO := chat-chatml
PYTEST = $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile

# The set-up is done again when what it installs changes, whatever the files' times say; the settings
# of linters and tests, from [tool.ruff] on, install nothing.
INSTALLED := $(VENV)/.installed-$(shell { echo '$(EXTRAS)'; cat $(CONSTRAINTS); \
	sed '/^\[tool.ruff\]/,$$d' pyproject.toml; } | git hash-object --stdin)

export AXOLOTL_DO_NOT_TRACK := 1
export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := false
# Without kept bytecode every command that a test runs would be compiled anew.
unexport PYTHONDONTWRITEBYTECODE

# $(call logged,NAME,COMMAND): run quietly; on failure show the end of the log and name it.
define logged
mkdir -p $(LOGS); if ! { $(2); } >$(LOGS)/$(1).log 2>&1; then \
	tail -n 30 $(LOGS)/$(1).log >&2; \
	echo '$(1) failed; the whole log: $(LOGS)/$(1).log' >&2; exit 1; fi
endef

.PHONY: help setup fixtures demo test check bench pictures clean

help:
	@sed -n '3,11s/^# \{0,1\}//p' Makefile

setup: $(INSTALLED)
	@:

$(INSTALLED):
	@if [ -z '$(PYTHON)' ] || ! $(PYTHON) -c '$(FITS)'; then \
		echo 'setup: Python 3.11 or 3.12 is needed; make PYTHON=/path/to/python3.11 names one' >&2; \
		exit 2; fi
	@echo 'setup: installing [$(EXTRAS)] into $(VENV) (the first time 3 to 10 minutes)'
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(call logged,setup,$(BIN)/python -m pip install --disable-pip-version-check --retries 10 \
		-c $(CONSTRAINTS) -e '.[$(EXTRAS)]')
	@rm -f $(VENV)/.installed-*; echo '$(EXTRAS)' >$(VENV)/.extras; \
		echo '$(CONSTRAINTS)' >$(VENV)/.constraints; touch $@

fixtures: setup
	@$(call logged,fixtures,$(BIN)/python -m fixtures.build)
	@cat $(LOGS)/fixtures.log | { grep '^fixtures:' || true; }

# Prepared again when the recipe, its data or its tokenizer is newer than what was stored.
demo: fixtures
	@[ -e $(BIN)/axolotl ] || { echo 'demo: axolotl is not installed; run: make demo EXTRAS=$(EVERYTHING)' >&2; exit 2; }
	@if [ -z "$$(find last_run_prepared/$(DEMO) -name state.json -newer recipes/$(DEMO).yml \
		-newer fixtures/data/chat.jsonl -newer fixtures/built/chatml-bpe/tokenizer.json 2>/dev/null)" ]; then \
		echo 'demo: axolotl preprocess recipes/$(DEMO).yml (half a minute)'; \
		$(call logged,demo,$(BIN)/axolotl preprocess recipes/$(DEMO).yml); fi
	@echo 'demo: inspect-tool recipes/$(DEMO).yml'
	@$(BIN)/inspect-tool recipes/$(DEMO).yml

# Types are checked beside the tests: each leaves the other a core for half of the time.
check: fixtures
	@mkdir -p $(LOGS); \
	$(BIN)/mypy >$(LOGS)/types.log 2>&1 & types=$$!; \
	trap 'kill $$types 2>/dev/null || true' EXIT; \
	$(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/lint-imports && { \
		quick=0; $(PYTEST) -m 'not slow' || quick=$$?; \
		typed=0; wait $$types || typed=$$?; \
		cat $(LOGS)/types.log; exit $$((quick | typed)); }

test: fixtures
	@if [ -e $(BIN)/axolotl ]; then $(PYTEST); else \
		echo 'test: no axolotl here, so not the slow ones'; \
		$(PYTEST) -m 'not slow'; fi

bench: fixtures
	@$(BIN)/python -m benchmarks

pictures: fixtures
	@$(BIN)/python -m docs.pictures

clean:
	rm -rf fixtures/built .inspect/test-cache .inspect/logs .inspect/out build *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf $(patsubst recipes/%.yml,last_run_prepared/%,$(wildcard recipes/*.yml))
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
