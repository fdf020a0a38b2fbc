# `make run` and `make test` need Python 3.11 or newer with its venv module, and make. The rest they
# install, once, into .venv.

VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help run test test-all test-core test-lowest format bench model peers records docs clean

help:
	@echo "make run     compile the digits network, run it, show what it takes"
	@echo "make test    pytest, lit, ruff and pyright; fails if any of them does"
	@echo "make test-all    the same with the sweeps, which take far longer"
	@echo "make test-core   the levels, kernels, runtime and command line alone"
	@echo "make test-lowest the core with the oldest releases that pyproject.toml allows"
	@echo "make bench   measure the kernels against their goals, one thread (some minutes)"
	@echo "make peers   the same and other libraries in the same run; rewrites docs/performance.md"
	@echo "make model   what ARM processors make of the kernels, by llvm-mca and in an emulator"
	@echo "make records tune the kernels of the known layers anew, for the records that lowbit ships"
	@echo "make docs    make the references, excerpts and pictures from the code"
	@echo "make format  format the code, sort the imports"
	@echo "make clean   remove what was made: .venv, build folders, caches of the tools"

run: $(VENV)/installed-examples
	@$(BIN)/python -m examples.digits.run

# CONTRIBUTING.md says which tests are where.
SWEEP :=
test-all: SWEEP := -m ""
test-all: export LOWBIT_EXAMPLES ?= 4
test test-all: $(VENV)/installed-dev,examples
	@.ci/install_tools $(BIN)/python
	@mkdir -p build
	@failed=; \
	check() { echo "== $$*"; "$(BIN)/$$@" || failed="$$failed; $$*"; }; \
	$(BIN)/pyright --pythonpath $(BIN)/python >build/pyright.log 2>&1 & types=$$!; \
	check pytest -n auto $(SWEEP); \
	check lit -q lit_tests; \
	check ruff check .; \
	check ruff format --check .; \
	$(BIN)/python -m tests.structure.sizes; \
	echo "== pyright"; wait $$types || failed="$$failed; pyright"; cat build/pyright.log; \
	if [ -n "$$failed" ]; then echo "FAILED$$failed"; exit 1; fi; echo "all checks passed"

CORE := $(addprefix tests/,dialect opt backend differential runtime cli)
test-core: $(VENV)/installed-dev,examples
	@.ci/install_tools $(BIN)/python
	@$(BIN)/pytest -n auto $(CORE)

# In an environment of its own, of the Python that made .venv.
test-lowest: $(BIN)/python
	@mkdir -p build && .ci/lowest_versions >build/lowest_versions.txt
	@PIP_CONSTRAINT=$(CURDIR)/build/lowest_versions.txt \
	  $(MAKE) --no-print-directory test-core VENV=build/lowest PYTHON=$(CURDIR)/$(BIN)/python

format: $(VENV)/installed-dev,examples
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: $(VENV)/installed-bench
	@$(BIN)/python -m benchmarks --seconds 0.1

# Of Debian and Ubuntu it needs the packages llvm-19, or a later one, and lld. Rewrites the tables
# of docs/performance.md that are about these processors.
MODELLED := cortex-a53 cortex-a72 neoverse-n1 cortex-a9
model: $(VENV)/installed-emulation
	@mkdir -p build
	@$(BIN)/python -m benchmarks $(MODELLED:%=--target %) --json build/model.json
	@$(BIN)/python -m benchmarks.performance_page build/model.json

peers: $(VENV)/installed-bench
	@mkdir -p build
	@$(BIN)/python -m benchmarks --peers --json build/performance.json --plot docs/performance.svg
	@$(BIN)/python -m benchmarks --isa host --out i32 --seconds 0.1 --json build/i32.json
	@$(BIN)/python -m benchmarks --id C2 --id C6 --id C9 --threads 2 --json build/threads.json
	@$(BIN)/python -m benchmarks.performance_page build/performance.json build/i32.json build/threads.json

# On a machine of the class znver5, which also measures for AVX2; TRIALS=200 takes an hour or two.
TRIALS ?= 24
SHIPPED := lowering/kernels/shipped_records
records: $(VENV)/installed-tune
	@: > $(SHIPPED)/znver5.jsonl
	@: > $(SHIPPED)/x86-64-v3.jsonl
	@$(BIN)/lowbit tune --all --isa host --isa avx2 --records shipped --trials $(TRIALS)

docs: $(VENV)/installed-dev,examples
	@$(BIN)/python -m docs

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The project with extras, editable. The stamp is as old as the last installation.
$(VENV)/installed-%: pyproject.toml $(BIN)/python
	@echo "installing lowbit[$*] into $(VENV)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$*]'
	@touch '$@'

$(BIN)/python:
	@found=; \
	for python in $(PYTHON) python3.11 python3 python3.12 python3.13 python3.14; do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  found=$$python; \
	  $$python -c 'import ensurepip, venv' 2>/dev/null && exec $$python -m venv --clear $(VENV); \
	done; \
	if [ -n "$$found" ]; \
	then echo "error: $$found has no venv module; on Debian and Ubuntu: apt-get install python3-venv"; \
	else echo "error: lowbit needs Python 3.11 or newer; make PYTHON=/path/to/python names one"; \
	fi >&2; exit 1
