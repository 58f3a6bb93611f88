.DEFAULT_GOAL := help
.PHONY: help demo live lab test slow soak browser docs bench bench-quick check audit clean

# Everything runs in .venv, whatever environment is active, and beside no configuration of the user.
BIN := .venv/bin
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH
demo test slow soak: export IPYTHONDIR := $(CURDIR)/.venv/ipython
demo test slow soak: export JUPYTER_CONFIG_DIR := $(CURDIR)/.venv/jupyter/config
demo test slow soak: export JUPYTER_RUNTIME_DIR := $(CURDIR)/.venv/jupyter/runtime
export JUPYTER_PREFER_ENV_PATH := 1

# Tests are shared out between cores; a core with none left takes half of another's.
SHARED := -n auto --maxprocesses 4 --dist worksteal

define CHECKS
$(BIN)/ruff check
$(BIN)/ruff format --check
$(BIN)/mypy
RAYON_NUM_THREADS=1 $(BIN)/lint-imports --no-cache
endef

help:  ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo:  ## Run notebooks/quickstart.ipynb with a random topic and print its result.
	@bash .ci/prepare demo
	@$(BIN)/python notebooks/demo.py

live:  ## Run the quickstart's graph, a tool and a loop on each configured model: make live [MODELS="openai:gpt-5 ..."]
	@bash .ci/prepare check
	@$(BIN)/python notebooks/live.py $(MODELS)

lab:  ## Open the notebooks in JupyterLab.
	@bash .ci/prepare lab
	$(BIN)/python -m jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root) --LabApp.default_url=/lab/tree/notebooks/quickstart.ipynb

test:  ## Run all checks and tests, the notebooks too.
	@bash .ci/prepare test
	$(CHECKS)
	$(BIN)/python -m pytest notebooks tutorials --nbval-lax
	$(BIN)/python -m pytest tests $(SHARED) --cov
	$(BIN)/python -m pytest tests/browser

slow:  ## Run the tests that take up to an hour together, as every night.
	@bash .ci/prepare test
	$(BIN)/python -m pytest tests -m slow $(SHARED)
	$(BIN)/python -m pytest tests/browser -m slow

SOAK_MINUTES ?= 120
soak:  ## Run random graphs, kills and a long-lived kernel for hours: make soak SOAK_MINUTES=600.
	@bash .ci/prepare test
	SOAK_MINUTES=$(SOAK_MINUTES) $(BIN)/python -m pytest tests -m soak -s

browser:  ## Click the panel in a real JupyterLab, and nothing else.
	@bash .ci/prepare test
	$(BIN)/python -m pytest tests/browser

docs:  ## Build the documentation into build/site.
	@bash .ci/prepare docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench-quick:  ## Measure beside other libraries in a few minutes, and write docs/benchmarks.md.
	@bash .ci/prepare check
	$(BIN)/python tests/bench/measure.py --rounds 2 --repeats 3

bench:  ## The same with more rounds.
	@bash .ci/prepare check
	$(BIN)/python tests/bench/measure.py --rounds 7 --repeats 5

check:  ## Run the linters and the type checker.
	@bash .ci/prepare check
	$(CHECKS)

audit:  ## Look for insecure code, vulnerable packages, and what is missing in the archives.
	@bash .ci/prepare audit
	@bash .ci/audit

clean:  ## Remove .venv, caches and everything that a target made.
	rm -rf .venv build notebooks/build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache .genxai notebooks/.genxai tutorials/.genxai review.py notebooks/review.py notebooks/code_review.py notebooks/research_assistant.py tutorials/*.py tutorials/*.csv
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
