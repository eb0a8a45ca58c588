# Two targets for a newcomer: `make demo` and `make test`. Both need only Python >= 3.10
# and a package index; everything is installed into .venv, nothing anywhere else.
#
#   make demo       run the hospital example
#   make test       lint, types, import contracts, fast tests
#   make test-all   the same with the slow tests
#   make lint | types | format | clean
#
# Another interpreter: make test PYTHON=/path/to/python3.12

.DEFAULT_GOAL := help
.NOTPARALLEL:
unexport PYTHONPATH PYTHONHOME

BIN := .venv/bin
SOURCES = $(wildcard packages/*/src plugins/*/src)
EXAMPLES = $(wildcard examples/*)
FIND_PYTHON = sh tools/find_python.sh "$(PYTHON)"

.PHONY: help demo dev test test-all check lint types contracts format clean

help:
	@sed -n 's/^#   //p' Makefile

demo:
	@python=$$($(FIND_PYTHON)) && "$$python" tools/environment.py demo
	@$(BIN)/python examples/hospital/demo.py

dev:
	@python=$$($(FIND_PYTHON)) && "$$python" tools/environment.py dev

test: check
	@$(BIN)/python -m pytest -q -n 2 -m "not slow"

test-all: check
	@$(BIN)/python -m pytest -q -n 2

check: lint types contracts

lint: dev
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "ruff format: run 'make format'" >&2; exit 1; }
	@$(BIN)/python tools/check_sizes.py

types: dev
	@$(BIN)/mypy $(SOURCES) tools
	@for example in $(EXAMPLES); do $(BIN)/mypy $$example || exit 1; done  # each is a project of its own
	@$(BIN)/pyright

contracts: dev
	@$(BIN)/lint-imports

format: dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:
	rm -rf .venv dist out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .tox .iop
	find packages plugins tests tools examples -name __pycache__ -type d -prune -exec rm -rf {} +
