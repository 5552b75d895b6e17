# make demo               train the network of examples/mlp.py
# make test               ruff, mypy, the committed gradients, the tests
# make test-full          the same, with every entry of the tables of functions in every mode
# make test-all-pythons   the tests of what gradgen writes, on every Python from 3.11 to 3.13 that is there
# make fuzz               random programs, asked four ways: PROGRAMS=20000 of them; ARGS="--seed 7" others
# make bench              generated gradients against hand-written ones
#
# Each makes the virtual environment that it needs. PYTHON=... chooses the interpreter, ARGS=... goes to pytest.

SHELL := /bin/bash
PYTHON ?= $(shell .ci/pythons | head -n 1 | cut -d ' ' -f 2-)
BIN := .venv/bin
PIP := -m pip install --quiet --quiet --disable-pip-version-check

.PHONY: fuzz demo test test-full test-all-pythons bench clean

demo: .venv/examples
	$(BIN)/python examples/mlp.py

test: .venv/examples .venv/test .venv/corpus
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/gradgen build --check
	$(BIN)/python -m pytest $(ARGS)

test-full: ARGS += --full
test-full: test

PROGRAMS ?= 20000

fuzz: .venv/test
	$(BIN)/python -m tests.fuzz --programs $(PROGRAMS) $(ARGS)

bench: .venv/test
	env -u OPENBLAS_CORETYPE OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m benchmarks

test-all-pythons:
	.ci/text-tests 3.11 3.12 3.13

# One file per extra that is installed; its date is that of the installation.
.venv/%: pyproject.toml | .venv/bin/python
	@echo "installing gradgen with its extra '$*' into .venv"
	@$(BIN)/python $(PIP) --editable '.[$*]'
	@touch $@

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "no Python from 3.11 with venv was found; pass PYTHON=/path/to/python" >&2; exit 2; }
	@echo "making .venv with $(PYTHON)"
	@"$(PYTHON)" -m venv .venv

clean:
	rm -rf .venv .venv-3.* build *.egg-info
