# Everything runs in the project's own virtual environment, .venv; nothing else is touched.
#
#   make serve   read the site at http://127.0.0.1:8000 while you write (AT=host:port elsewhere)
#   make check   strict build, and the tests that a writer of pages needs
#   make test    everything, real-browser tests included
#   make prove   prove all models in full and write their proof.json (MODEL=folder for one)
#   make measure   run the scripts of docs/Comparisons, which write what their pages show
#   make build   strict build into site/
#   make bench   what diagrams cost beside the stock set-up, models beside references (minutes)
#   make references   write the missing footnotes that cite a references.bib
#   make clean   remove what these commands made

# Material prints a notice of its end of life at every build; README.md says what it means here.
export NO_MKDOCS_2_WARNING := 1

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif

# The first interpreter that is new enough; `make PYTHON=...` overrules.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11, 5))
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11 python,\
	$(shell $(p) -c '$(NEW_ENOUGH)' 2>/dev/null && echo $(p))))

# Tiny models run many times faster on one thread, and no library may fetch weights.
export OMP_NUM_THREADS := 1
export HF_HUB_OFFLINE := 1

.PHONY: serve build check references test lint prove measure bench clean
.DEFAULT_GOAL := serve

serve: .venv/site
	@$(BIN)/python tools/serve.py $(AT)

build: .venv/pictures
	@$(BIN)/mkdocs build --strict

check: .venv/dev
	@$(BIN)/mkdocs build --strict
	@$(BIN)/python -m pytest -m "not browser" tests/pages

references: .venv/site
	@$(BIN)/python tools/references.py

lint: .venv/models
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(BIN)/python tools/model_types.py

test: lint
	@$(BIN)/python tools/browser.py --install
	@$(BIN)/python -m pytest -n auto --dist worksteal

prove: .venv/models
	@$(BIN)/python tools/prove.py $(MODEL)

measure: .venv/models
	@for study in docs/Comparisons/*.py; do $(BIN)/python $$study || exit 1; done

bench: .venv/models
	@$(BIN)/mkdocs build --strict
	@$(BIN)/python tools/bench.py

clean:
	rm -rf .venv .cache site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/made:
	@test -n "$(PYTHON)" || { echo "Python 3.11.5 or newer is needed, and none was found: \
	install one, or name it: make PYTHON=/path/to/python." >&2; exit 1; }
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo "Python 3.11.5 or newer is needed; $(PYTHON) is \
	$$($(PYTHON) -V 2>&1)." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python could not make .venv: on Debian and Ubuntu, \
	install the package python3-venv." >&2; exit 1; }
	@touch $@

# Four stamps, so that serving needs only what the site needs, and PyTorch comes last.
.venv/site: .venv/made pyproject.toml constraints.txt
	@echo "Installing what the site needs into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/pictures: .venv/site
	@echo "Installing what draws diagrams into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[pictures]'
	@touch $@

.venv/dev: .venv/pictures
	@echo "Installing what the tests need into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

.venv/models: .venv/dev
	@echo "Installing PyTorch and the libraries that models are compared with into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	-e '.[models]'
	@touch $@
