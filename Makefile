# Everything a newcomer types. `make demo` and `make test` need Python 3.11+, git and make; the rest follows.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where the shell forbids bytecode, every start of Python compiles torch anew, for seven seconds.
unexport PYTHONDONTWRITEBYTECODE
STAMP := $(VENV)/.installed
# The BigQuery emulator of the tests runs as a child process from a venv of its own: its pins are not ours.
EMULATOR := .venv-emulator
EMULATOR_STAMP := $(EMULATOR)/.installed
# Spark, too, with a Java of its own. It comes as source, and what builds it is pinned with the rest.
SPARK := .venv-spark
SPARK_STAMP := $(SPARK)/.installed
# The newest Neo4j, on which the tests run every statement, asks for a newer Java than the embedded one.
NEWEST := .venv-newest
NEWEST_STAMP := $(NEWEST)/.installed
# Airflow, which loads the DAG in deploy/, brings a hundred packages of its own.
AIRFLOW := .venv-airflow
AIRFLOW_STAMP := $(AIRFLOW)/.installed

# What uv says without the name of every package. A pipe must not hide that uv failed, hence bash.
SHELL := bash
.SHELLFLAGS := -o pipefail -c
BRIEFLY := 2>&1 | { grep --line-buffered -v '^ [-+~] ' || true; }

# Long files first: one that begins last leaves the other core idle.
LONGEST := $(addprefix tests/integration/test_,readme.py killed.py first_load.py forget_store.py spark.py own_data.py)
TESTS := $(LONGEST) tests/integration tests/packaging tests/browser tests/unit tests/house

.PHONY: demo test unit check install emulator spark newest airflow lock docs images notebooks chromium clean

install: $(STAMP)

$(STAMP): requirements/lock.txt requirements/bootstrap.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=python3.x")'
	@echo "Making $(VENV) with everything that training and tests need. On Linux that is a download of 3.3 GB and 6.2 GB on"
	@echo "disk, nearly all of it PyTorch with NVIDIA's libraries. README.md names smaller installs."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip sync --python $(BIN)/python --require-hashes requirements/lock.txt $(BRIEFLY)
	@$(BIN)/uv pip install --python $(BIN)/python --no-deps --no-build-isolation -e . $(BRIEFLY)
	@touch $@

emulator: $(EMULATOR_STAMP)

# Its DuckDB extension comes from a wheel and is unpacked below HOME: the venv is its home, so that nothing leaves it.
$(EMULATOR_STAMP): requirements/emulator.txt $(STAMP)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(EMULATOR)
	$(BIN)/uv pip sync --python $(EMULATOR)/bin/python --require-hashes requirements/emulator.txt $(BRIEFLY)
	HOME=$(CURDIR)/$(EMULATOR) $(EMULATOR)/bin/python -c \
	  'from duckdb_extensions import import_extension; import_extension("spatial")'
	@touch $@

spark: $(SPARK_STAMP)

$(SPARK_STAMP): requirements/spark.txt spark/connector.lock $(STAMP)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(SPARK)
	$(BIN)/uv pip sync --python $(SPARK)/bin/python --require-hashes --build-constraints requirements/lock.txt \
	  requirements/spark.txt $(BRIEFLY)
	$(BIN)/python spark/connector.py
	@touch $@

newest: $(NEWEST_STAMP)

$(NEWEST_STAMP): requirements/newest.txt $(STAMP)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(NEWEST)
	$(BIN)/uv pip sync --python $(NEWEST)/bin/python --require-hashes requirements/newest.txt $(BRIEFLY)
	@touch $@

airflow: $(AIRFLOW_STAMP)

$(AIRFLOW_STAMP): requirements/airflow.txt $(STAMP)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(AIRFLOW)
	$(BIN)/uv pip sync --python $(AIRFLOW)/bin/python --require-hashes requirements/airflow.txt $(BRIEFLY)
	@touch $@

demo: $(STAMP)
	$(BIN)/holley-graph demo

test: check $(EMULATOR_STAMP) $(SPARK_STAMP) $(NEWEST_STAMP) $(AIRFLOW_STAMP) chromium
	$(BIN)/python -m pytest $(TESTS) -n 2 --dist loadfile --no-loadscope-reorder

unit: $(STAMP)
	$(BIN)/python -m pytest tests/unit -n 2 --dist loadfile

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# What is written from the code: statements from the schema, then the pages: settings, command line, schema, statements.
docs: $(STAMP)
	$(BIN)/python cypher/generate.py
	$(BIN)/python docs/generate.py

# The screenshots of Neo4j Browser, taken by the tests that read its answers.
images: $(STAMP) chromium
	$(BIN)/python -m pytest tests/browser --images docs/img

# The notebooks with their outputs, on the graph of a running `make demo`.
notebooks: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter-execute --inplace docs/notebooks/*.ipynb

# What tests/browser drives. Debian's and Ubuntu's packages are fetched where apt-get may; elsewhere it is up to you.
chromium:
	@command -v chromedriver >/dev/null || { \
	  command -v apt-get >/dev/null || { echo "tests/browser needs Chromium and chromedriver on the path" >&2; exit 1; }; \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends chromium chromium-driver; }

# Compiled without index lines: the index is the installer's setting, not this file's business.
lock: $(STAMP)
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra dev pyproject.toml -o requirements/lock.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  requirements/emulator.in -o requirements/emulator.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  requirements/spark.in -o requirements/spark.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  requirements/newest.in -o requirements/newest.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate requirements/airflow.in -o requirements/airflow.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --extra train pyproject.toml -c requirements/lock.txt -o requirements/image.txt
	echo 'uv==0.13.9' | $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate - -o requirements/bootstrap.txt

clean:
	rm -rf $(VENV) $(EMULATOR) $(SPARK) $(NEWEST) $(AIRFLOW) .mypy_cache .ruff_cache .pytest_cache dist
