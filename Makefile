# make demo    install, run the whole pipeline on the synthetic sample, print where the report and the Gephi file are
# make check   install the test tools too, lint, type-check, run the quick tests
# make test    the same with every test
# make docs    write the generated pages anew and build the site into site/ (Sphinx with MyST: BSD and MIT, kept since 2008)
# make lowest  the quick tests with the oldest packages that pyproject.toml allows, in a venv of its own
# make lock    choose the newest packages anew for requirements.lock, which `make demo` installs
# make bench   measure every stage and its competitors at 20,000 to 500,000 works into tests/studies/benchmarks/RESULTS.md (hours)

VENV ?= .venv
PYTHON ?= python3
BIN = $(VENV)/bin
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check
QUICK = -m 'not slow and not live and not whole'
SITE = -C -D extensions=myst_parser -D myst_heading_anchors=3 -D html_theme=furo -D project=coauth -D html_title=coauth \
	-D suppress_warnings=misc.highlighting_failure -D smartquotes=0 -D html_show_copyright=0 -D html_copy_source=0
WORKERS = -n 2 --dist loadfile --no-loadscope-reorder

# what is compiled once stays compiled, whatever is set elsewhere: half of the time until the first test is run
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo lint check test docs lowest lock bench clean

$(VENV)/installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --constraint requirements.lock --editable .
	touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(INSTALL) --editable '.[test]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/coauth rebuild --sample

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint
	$(BIN)/pytest $(WORKERS) $(QUICK)

test: lint
	$(BIN)/pytest $(WORKERS)

docs: $(VENV)/installed
	$(INSTALL) --editable '.[docs]'
	$(BIN)/python -m tests.support.pages
	$(BIN)/sphinx-build -W --keep-going -q $(SITE) coauth/docs site

lowest:
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/pip install --quiet --disable-pip-version-check uv
	$(VENV)-lowest/bin/uv pip install --quiet --python $(VENV)-lowest/bin/python --resolution lowest-direct --editable '.[test]'
	$(VENV)-lowest/bin/pytest $(WORKERS) $(QUICK)

lock: $(VENV)/installed
	$(INSTALL) uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header \
		--output-file requirements.lock pyproject.toml

bench: $(VENV)/installed
	$(INSTALL) --editable '.[bench]'
	$(BIN)/python -m tests.studies.benchmarks

clean:
	rm -rf $(VENV) $(VENV)-lowest cache/*/ reports/*/ site
