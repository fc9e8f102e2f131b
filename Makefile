PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH ?= torch==2.13.0
CUDA ?= 12
WORKERS ?= 2

GIVEN := $(filter-out file default undefined,$(origin PYTHON))

.DEFAULT_GOAL := help
.PHONY: FORCE help train train-deep test coverage test-lowest test-backends test-mpi test-dpnp test-cuda test-foreign prove-gradcheck kill-test fuzz mutants bench bench-cuda docs pictures wheel lint format clean

help: ## Say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf '  make %-16s %s\n' "$$name" "$$text"; done

train: $(VENV)/.installed-cli ## Train the book's network on real digits
	$(BIN)/backprop train

train-deep: $(VENV)/.installed-cli ## Train the book's deep network on all of MNIST
	$(BIN)/python scripts/train_deep.py

test: $(VENV)/.installed-test ## Run the whole test-suite, in WORKERS processes
	$(BIN)/python -m pytest -n $(WORKERS)

coverage: $(VENV)/.installed-test ## The same, and which lines and branches it runs: 95 % at least
	$(BIN)/python -m coverage run -m pytest
	$(BIN)/python -m coverage report --skip-covered --fail-under=95

test-lowest: $(VENV)-lowest/.installed ## The same, with the lowest versions that pyproject.toml allows
	$(VENV)-lowest/bin/python -m pytest -n $(WORKERS)

test-backends: $(VENV)/.installed-backends ## The matrix, with PyTorch, JAX and CuPy's wheel required
	$(BIN)/python -m pytest -n $(WORKERS) -m matrix --array-backends 'numpy*,strict,torch*,jax*' --require-array-backends

test-mpi: $(VENV)/.installed-mpi ## The tests of several processes, under a real mpiexec
	$(BIN)/python -m pytest -n $(WORKERS) tests/mpi

test-dpnp: $(VENV)-dpnp/.installed ## The matrix on dpnp, in an environment of its own (3 GB)
	OCL_ICD_FILENAMES="$(CURDIR)/$(VENV)-dpnp/lib/libintelocl.so" \
	$(VENV)-dpnp/bin/python -m pytest -m matrix --array-backends 'numpy*,dpnp' --require-array-backends

test-cuda: $(VENV)/.installed-cuda ## The whole test-suite on CuPy; needs a GPU
	$(BIN)/python -m pytest --array-backends 'numpy*,cupy' --require-array-backends

test-foreign: $(VENV)-foreign/.installed ## Put the kit to functions of SciPy, scikit-learn, GLASS and others
	$(VENV)-foreign/bin/python -m tests.foreign

fuzz: $(VENV)/.installed-test ## Put a million damaged files to the readers
	mkdir -p build && $(BIN)/python scripts/fuzz.py $(FUZZ) 2>build/fuzz.log  # the decoders' own remarks

mutants: $(VENV)/.installed-test ## Break the code in small ways and see whether a test notices; SAMPLE=300 PART=layers MAP=build/lines
	$(BIN)/python scripts/mutants.py $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(MAP),--map $(MAP)) $(PART)

prove-gradcheck: $(VENV)/.installed-test ## Put the checker to thousands of random functions, right and wrong
	$(BIN)/python scripts/prove_gradcheck.py

kill-test: $(VENV)/.installed-backends ## End training runs at random moments, on full disks too: nothing is lost
	$(BIN)/python scripts/kill_test.py

bench: $(VENV)/.installed-test ## Compare what gradients cost, and run the benchmarks
	$(BIN)/backprop bench
	$(BIN)/python -m benchmarks.ratios
	$(BIN)/python -m pytest benchmarks --benchmark-group-by=group --benchmark-columns=median,iqr,rounds

bench-cuda: $(VENV)/.installed-cuda ## Compare what gradients cost on a GPU
	$(BIN)/backprop bench --device cuda
	BACKPROP_DEVICE=cuda $(BIN)/python -m pytest benchmarks --benchmark-group-by=group --benchmark-columns=median,iqr,rounds

docs: $(VENV)/.installed-docs ## Make the site, build/docs/index.html
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/docs
	@echo "the site: $(CURDIR)/build/docs/index.html"

pictures: $(VENV)/.installed-docs ## Draw the pictures of the pages anew: they are part of the repository
	$(BIN)/python docs/pictures.py

wheel: $(VENV)/.python ## Build the wheel into dist/, and train from it outside the checkout
	scripts/try_wheel.sh $(BIN)/python

lint: $(VENV)/.installed-dev ## Check style, types and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/python -m pytest -q tests/backprop/test_type_checkers.py

format: $(VENV)/.installed-dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what was built, and the environment
	rm -rf $(VENV) $(VENV)-dpnp $(VENV)-foreign $(VENV)-lowest build dist .coverage .mypy_cache .pytest_cache .ruff_cache .benchmarks .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Asked each time; .python is newer than what is installed only when the environment was made anew.
$(VENV)/.python: FORCE
	@scripts/make_venv.sh $(VENV) '$(PYTHON)' $(GIVEN)

$(VENV)/.installed-cli: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[cli,plot]'
	touch $@

$(VENV)/.installed-test: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

$(VENV)/.installed-dev: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(VENV)/.installed-test $@  # which is a part of it

$(VENV)/.installed-docs: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

# PyTorch's build without CUDA is much smaller: PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
$(VENV)/.installed-backends: $(VENV)/.installed-test
	$(BIN)/python -m pip install --quiet '$(TORCH)'
	$(BIN)/python -m pip install --quiet --editable '.[test,torch,jax,cuda$(CUDA)]'
	touch $@

$(VENV)/.installed-mpi: $(VENV)/.installed-test
	$(BIN)/python -m pip install --quiet --editable '.[test,mpi]'
	touch $@

$(VENV)/.installed-cuda: $(VENV)/.installed-test
	$(BIN)/python -m pip install --quiet --editable '.[test,cuda$(CUDA)]'
	touch $@

$(VENV)-dpnp/.python $(VENV)-foreign/.python $(VENV)-lowest/.python: FORCE
	@scripts/make_venv.sh $(@D) '$(PYTHON)' $(GIVEN)

$(VENV)-lowest/.installed: $(VENV)-lowest/.python pyproject.toml
	mkdir -p build
	$(VENV)-lowest/bin/python scripts/lowest.py test > build/lowest.txt
	$(VENV)-lowest/bin/python -m pip install --quiet --editable '.[test]' --constraint build/lowest.txt
	touch $@

$(VENV)-dpnp/.installed: $(VENV)-dpnp/.python pyproject.toml
	$(VENV)-dpnp/bin/python -m pip install --quiet --editable '.[test,dpnp]'
	touch $@

# Pinned: the faults that are looked for are those of these versions.
$(VENV)-foreign/.installed: $(VENV)-foreign/.python pyproject.toml
	$(VENV)-foreign/bin/python -m pip install --quiet '$(TORCH)'
	$(VENV)-foreign/bin/python -m pip install --quiet --editable '.[torch,jax]' \
		array-api-strict==2.6.1 scipy==1.17.1 array-api-extra==0.11.5 scikit-learn==1.9.1 \
		glass==2026.4 array-api-signal==0.2.0 jax==0.10.2 numpy==2.4.6
	touch $@
