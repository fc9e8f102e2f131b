PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: train test bench lint format clean

train: $(VENV)/.installed-cli ## Train the book's network on real digits
	$(BIN)/backprop train

test: $(VENV)/.installed-test ## Run the whole test-suite
	$(BIN)/python -m coverage run -m pytest
	$(BIN)/python -m coverage report --skip-covered --fail-under=95

bench: $(VENV)/.installed-test ## Compare what gradients cost, and run the benchmarks
	$(BIN)/backprop bench
	$(BIN)/python benchmarks/ratios.py
	$(BIN)/python -m pytest benchmarks --benchmark-group-by=group --benchmark-columns=median,iqr,rounds

lint: $(VENV)/.installed-dev ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what was built, and the environment
	rm -rf $(VENV) build dist .coverage .mypy_cache .pytest_cache .ruff_cache .benchmarks .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-cli: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[cli,plot]'
	touch $@

$(VENV)/.installed-test: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

$(VENV)/.installed-dev: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
