PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH ?= torch==2.13.0
CUDA ?= 12
WORKERS ?= 2

.PHONY: train test fuzz mutants coverage test-backends test-dpnp test-cuda prove-gradcheck bench bench-cuda docs wheel lint format clean

train: $(VENV)/.installed-cli ## Train the book's network on real digits
	$(BIN)/backprop train

test: $(VENV)/.installed-test ## Run the whole test-suite, in WORKERS processes
	$(BIN)/python -m pytest -n $(WORKERS)

coverage: $(VENV)/.installed-test ## The same, and which lines and branches it runs: 95 % at least
	$(BIN)/python -m coverage run -m pytest
	$(BIN)/python -m coverage report --skip-covered --fail-under=95

test-backends: $(VENV)/.installed-backends ## The matrix, with PyTorch, JAX and CuPy's wheel required
	$(BIN)/python -m pytest -n $(WORKERS) -m matrix --backends numpy,strict,torch,jax --require-backends

test-dpnp: $(VENV)-dpnp/.installed ## The matrix on dpnp, in an environment of its own (3 GB)
	OCL_ICD_FILENAMES=$(CURDIR)/$(VENV)-dpnp/lib/libintelocl.so \
	$(VENV)-dpnp/bin/python -m pytest -m matrix --backends numpy,dpnp --require-backends

test-cuda: $(VENV)/.installed-cuda ## The whole test-suite on CuPy; needs a GPU
	$(BIN)/python -m pytest --backends numpy,cupy --require-backends

fuzz: $(VENV)/.installed-test ## Put a million damaged files to the readers
	mkdir -p build && $(BIN)/python scripts/fuzz.py $(FUZZ) 2>build/fuzz.log  # the decoders' own remarks

mutants: $(VENV)/.installed-test ## Break the code in small ways and see whether a test notices; PART=layers
	$(BIN)/python scripts/mutants.py $(PART)

prove-gradcheck: $(VENV)/.installed-test ## Put the checker to thousands of random functions, right and wrong
	$(BIN)/python scripts/prove_gradcheck.py

bench: $(VENV)/.installed-test ## Compare what gradients cost, and run the benchmarks
	$(BIN)/backprop bench
	$(BIN)/python -m benchmarks.ratios
	$(BIN)/python -m pytest benchmarks --benchmark-group-by=group --benchmark-columns=median,iqr,rounds

bench-cuda: $(VENV)/.installed-cuda ## Compare what gradients cost on a GPU
	$(BIN)/backprop bench --device cuda
	BACKPROP_DEVICE=cuda $(BIN)/python -m pytest benchmarks --benchmark-group-by=group --benchmark-columns=median,iqr,rounds

docs: $(VENV)/.installed-docs ## Make the pictures and the site, build/docs/index.html
	$(BIN)/python docs/pictures.py
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/docs

wheel: $(BIN)/python ## Build the wheel into dist/, and train from it outside the checkout
	scripts/try_wheel.sh $(BIN)/python

lint: $(VENV)/.installed-dev ## Check style, types and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

format: $(VENV)/.installed-dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what was built, and the environment
	rm -rf $(VENV) $(VENV)-dpnp build dist .coverage .mypy_cache .pytest_cache .ruff_cache .benchmarks .hypothesis
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

$(VENV)/.installed-docs: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

# PyTorch's build without CUDA is much smaller: PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
$(VENV)/.installed-backends: $(VENV)/.installed-test
	$(BIN)/python -m pip install --quiet '$(TORCH)'
	$(BIN)/python -m pip install --quiet --editable '.[test,torch,jax,cuda$(CUDA)]'
	touch $@

$(VENV)/.installed-cuda: $(VENV)/.installed-test
	$(BIN)/python -m pip install --quiet --editable '.[test,cuda$(CUDA)]'
	touch $@

$(VENV)-dpnp/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-dpnp
	$(VENV)-dpnp/bin/python -m pip install --quiet --editable '.[test,dpnp]'
	touch $@
