# Every target makes what it needs itself; Python 3.11 or newer, make and git are enough.
.DEFAULT_GOAL := help
.PHONY: help demo test lint sdk sdk-check bench docs lock clean

PYTHON ?= python3
BIN := .venv/bin
CODEGEN := .venv-codegen/bin

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[db,notify,sandbox]" --group test --group lint
	@touch $@

.venv-codegen/ready: pyproject.toml
	$(PYTHON) -m venv .venv-codegen
	$(CODEGEN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(CODEGEN)/python -m pip install --quiet --group codegen
	@touch $@

demo: .venv/ready ## a duplicates clean-up of a sample library: plan, apply, look, undo
	$(BIN)/immich-toolkit demo

test: .venv/ready ## run the tests
	$(BIN)/python -m pytest --numprocesses auto

lint: .venv/ready ## formatting, rules, types, and the generated pages
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python docs/reference.py --check
	$(BIN)/python docs/migration_pages.py --check

sdk: .venv-codegen/ready ## generate immich_sdk from the pinned specs
	$(CODEGEN)/python openapi/generate.py

sdk-check: .venv-codegen/ready ## fail if immich_sdk is not what the specs give
	$(CODEGEN)/python openapi/generate.py --check

bench: .venv/ready ## measure; prints figures, asserts nothing
	@for each in benchmarks/*.py; do echo "== $$each"; $(BIN)/python $$each || exit 1; done

docs: .venv/ready ## write the pages that are made from the commands
	$(BIN)/python docs/reference.py
	$(BIN)/python docs/migration_pages.py

lock: .venv/ready ## write the lock files of the container anew
	$(BIN)/python .ci/lock.py

clean: ## remove what these targets made
	rm -rf .venv .venv-codegen .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
