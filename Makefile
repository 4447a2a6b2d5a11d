# Everything sets itself up: `make demo` and `make test` need python3.11 or later and make, nothing else.
PYTHON ?= python3
# Package caches stay in the checkout, so that nothing is left behind outside it.
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export npm_config_cache := $(CURDIR)/.cache/npm
export PIP_DISABLE_PIP_VERSION_CHECK := 1
VENV := .venv
BIN := $(VENV)/bin

# Only `make demo BROWSER=…` chooses a browser; the environment variable of that name does not.
ifeq ($(origin BROWSER),command line)
DEMO_BROWSER := --browser '$(BROWSER)'
endif

.PHONY: help demo test soak watch-run lint format docs bench dist clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

$(VENV)/.pip:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.product: pyproject.toml hatch_build.py kubelogin_py/frontdoor.sh talos_cred/frontdoor.sh | $(VENV)/.pip
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.demo: $(VENV)/.product
	$(BIN)/pip install --quiet --group demo
	@touch $@

# All of Python's packages at once, and beside it what is no package of Python.
$(VENV)/.packages: pyproject.toml hatch_build.py kubelogin_py/frontdoor.sh talos_cred/frontdoor.sh | $(VENV)/.pip
	$(BIN)/pip install --quiet --editable . --group test --group lint
	@touch $(VENV)/.product $(VENV)/.demo $@

$(VENV)/.components: tests/support/node/package-lock.json tests/support/components.py | $(VENV)/.pip
	$(BIN)/python tests/support/components.py install
	@touch $@

$(VENV)/.test: pyproject.toml hatch_build.py kubelogin_py/frontdoor.sh talos_cred/frontdoor.sh tests/support/node/package-lock.json tests/support/components.py
	@$(MAKE) --no-print-directory --jobs=2 $(VENV)/.packages $(VENV)/.components
	$(BIN)/python tests/support/components.py check
	@touch $@

demo: $(VENV)/.demo ## sign in with real kubectl against a local provider, step by step
	$(BIN)/python examples/demo/demo.py $(DEMO_BROWSER)

test: $(VENV)/.test ## run the whole test suite on real components
	$(BIN)/python -m pytest -n 4 --dist loadgroup --no-loadscope-reorder || { \
	  echo '*** what failed beside other tests is run once more, alone ***' && \
	  $(BIN)/python -m pytest --last-failed --last-failed-no-failures none; }

soak: $(VENV)/.test ## forty callers while everything goes wrong, for five minutes or: make soak MINUTES=30
	$(BIN)/python -m tests.soak.soak --minutes $(or $(MINUTES),5) --verdict .cache/soak-verdict.json

watch-run: $(VENV)/.test ## keep a Talos certificate of 30 seconds fresh while everything goes wrong: make watch-run MINUTES=20
	$(BIN)/python -m tests.talos_cred.watch_run --minutes $(or $(MINUTES),20)

lint: $(VENV)/.test ## style, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture

format: $(VENV)/.test ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.product ## write docs/usage.md from the program's tables
	$(BIN)/python -m kubelogin_py.cli.reference > docs/usage.md

bench: $(VENV)/.test ## measure everything against bare python, into docs/benchmarks.md; ROUNDS=n
	$(BIN)/python -m tests.bench.bench $(ROUNDS)

dist: $(VENV)/.test ## build the wheel and the source distribution
	$(BIN)/python -m build --quiet

clean: ## remove what the targets above made
	rm -rf $(VENV) .cache dist build tests/support/node/node_modules .mypy_cache .ruff_cache .pytest_cache
