# A newcomer needs two commands: `make demo` and `make test`. Each installs what it needs into .venv, and nothing
# twice: the files .venv/.demo, .venv/.test, .venv-torch/.ready and node_modules/.ready say when that was done last.

.DEFAULT_GOAL := help
VENV     := .venv
BIN      := $(VENV)/bin
UV       := $(BIN)/uv
TORCH    := .venv-torch
STATIC   := hay_say_lab/widgets/static
WORKERS  ?= 4

ARCHITECTURES := architectures/espeak_ng architectures/rvc architectures/shared architectures/world
TEST_PLUGINS  := tests/plugins/parrot tests/plugins/sieve
PROJECTS      := pyproject.toml $(ARCHITECTURES:=/pyproject.toml) $(wildcard jupyter-config/server-config/*)
PANELS        := package.json tsconfig.json $(shell find labextension -type f -not -path '*/node_modules/*')

# Numpy's threads would fight with the workers for the cores; nothing here is written outside the checkout.
export OMP_NUM_THREADS := 1
export OMP_WAIT_POLICY := passive
export UV_PYTHON_DOWNLOADS := never
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

help:  ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' Makefile | while IFS=: read -r name text; do \
	    printf '  make %-12s%s\n' "$$name" "$$text"; done

# ---------------------------------------------------------------------------------------------- what people run

demo: demo-ready  ## text -> speech -> another voice: the first notebook, its sounds and a picture in build/demo
	@sh tools/demo.sh $(BIN)

lab: demo-ready  ## open JupyterLab on the notebooks
	$(BIN)/python -m jupyterlab --notebook-dir=notebooks $(if $(filter 0,$(shell id -u)),--allow-root)

test:  ## install what is needed and run all tests
	@start=$$(date +%s) && $(MAKE) --no-print-directory test-ready && \
	installing=$$(( $$(date +%s) - start )) && $(MAKE) --no-print-directory lint && \
	HAY_SAY_INSTALL_SECONDS=$$installing $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

lint: test-ready  ## ruff, mypy, eslint, prettier and the panels' own tests
	$(BIN)/ruff check
	$(BIN)/mypy
	npm run --silent lint
	npm test --silent

faults: test-ready  ## the host matrix; with KILLS=n (SEED=s): every write refused once, and a storm of n faults
	@if [ -n "$(KILLS)$(SEED)" ]; then \
	    $(if $(filter 0,$(SITES)),,$(BIN)/python -m tests.faults.sites &&) \
	    $(BIN)/python -m tests.faults.storm --kills $(or $(KILLS),60) --seed $(or $(SEED),1); \
	else $(BIN)/python -m pytest tests/faults $(ARGS); fi

bench: test-ready  ## measure, and write docs/benchmarks.md with its JSON
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r constraints/bench.txt
	$(BIN)/python -m benchmarks $(ARGS)

screenshots: test-ready  ## pictures of the panels, in both themes, in build/screenshots
	$(BIN)/python -m tests.browser.shots build/screenshots

docs: test-ready  ## write docs/cli.md and docs/rest.md again, from the code
	$(BIN)/python tools/generate_docs.py

# A machine with a card has a python3 with torch, numpy, nvidia-ml-py and pytest; nothing is installed there.
GPU_PYTHON ?= python3
gpu:  ## check admission and workers on a real CUDA card; figures go to build/gpu.json
	@HAY_SAY_CARD_REQUIRED=1 PYTHONPATH=$(subst $() ,:,$(CURDIR) $(addprefix $(CURDIR)/,$(wildcard architectures/*))) \
	    $(GPU_PYTHON) -m pytest -c tests/gpu/pytest.ini --rootdir=. --confcutdir=tests/gpu tests/gpu $(ARGS)

# Where .venv-torch is missing (on a machine with a card), GPU_PYTHON serves; nothing of ours needs to be installed there.
CASES ?= tests/parity
PARITY_DEVICE ?= cpu
parity:  ## hold the networks against the official ones: CASES=<folder>, PARITY_DEVICE=cuda:0
	@PYTHONPATH=$(subst $() ,:,$(CURDIR) $(addprefix $(CURDIR)/,$(wildcard architectures/*))) \
	    $(or $(wildcard $(TORCH)/bin/python),$(GPU_PYTHON)) -m tests.parity $(CASES) --device $(PARITY_DEVICE) $(ARGS)

# ------------------------------------------------------------------------------------------------------- install

test-ready: $(VENV)/.test $(TORCH)/.ready panels chromium postgresql
demo-ready: $(VENV)/.demo panels
panels: $(STATIC)/.built
.PHONY: help demo lab test lint faults bench screenshots docs parity gpu test-ready demo-ready panels chromium postgresql \
        lock lock-check clean distclean

$(VENV)/.uv: constraints/uv.txt
	@sh tools/venv.sh $(VENV)
	@touch $@

# Everything pinned and hashed first; then our own distributions, editable, without asking anybody for anything.
$(VENV)/.demo: constraints/demo.txt $(PROJECTS) | $(VENV)/.uv panels
	@echo "Installing constraints/demo.txt into $(VENV)"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r constraints/demo.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps \
	    $(foreach project,. $(ARCHITECTURES),-e $(project))
	@$(UV) pip check --quiet --python $(BIN)/python
	@touch $@

$(VENV)/.test: constraints/test.txt $(PROJECTS) $(TEST_PLUGINS:=/pyproject.toml) | $(VENV)/.uv panels
	@echo "Installing constraints/test.txt into $(VENV)"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r constraints/test.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps \
	    $(foreach project,. $(ARCHITECTURES) $(TEST_PLUGINS),-e $(project))
	@$(UV) pip check --quiet --python $(BIN)/python
	@touch $@ $(VENV)/.demo

$(TORCH)/.ready: constraints/torch.txt tools/torch.sh | $(VENV)/.test
	@sh tools/torch.sh $(UV) $(TORCH)

node_modules/.ready: package.json package-lock.json $(wildcard .npmrc)
	@sh tools/need_node.sh
	@echo "Installing package-lock.json into node_modules"
	@npm ci --loglevel=error --no-audit --no-fund
	@touch $@

$(STATIC)/.built: node_modules/.ready $(PANELS)
	@npm run --silent build
	@touch $@

chromium:
	@sh tools/chromium.sh

postgresql:
	@sh tools/postgresql.sh

# --------------------------------------------------------------------------------------------------------- locks

COMPILE := $(UV) pip compile --quiet --python $(BIN)/python --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
           --no-emit-find-links --annotation-style=line --custom-compile-command "make lock" \
           $(foreach name,hay-say-lab hay-say-espeak-ng hay-say-rvc hay-say-shared hay-say-world hay-say-parrot hay-say-sieve,--no-emit-package $(name))

lock: $(VENV)/.uv  ## resolve constraints/*.txt again, keeping their pins (LOCK=--upgrade takes the newest)
	$(COMPILE) $(LOCK) constraints/uv.in -o constraints/uv.txt
	$(COMPILE) $(LOCK) constraints/test.in --group test -o constraints/test.txt
	$(COMPILE) $(LOCK) constraints/torch.in -c constraints/test.txt -o constraints/torch.txt
	$(COMPILE) $(LOCK) --group bench -c constraints/test.txt -o constraints/bench.txt
	$(COMPILE) $(LOCK) constraints/demo.in --group build -c constraints/test.txt -o constraints/demo.txt

lock-check: $(VENV)/.uv  ## see that the locked pins resolve, with wheels, for Python 3.11, 3.12 and 3.13
	sh tools/lock_check.sh $(UV)

# --------------------------------------------------------------------------------------------------------- clean

clean:  ## remove what was built; keep what was installed
	rm -rf build dist $(STATIC) .pytest_cache .mypy_cache .ruff_cache .hypothesis

distclean: clean  ## remove what was installed, too
	rm -rf $(VENV) $(TORCH) node_modules
