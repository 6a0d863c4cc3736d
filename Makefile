# Everything a developer does here, one target each. `make` alone lists them.
# `ARGS` goes to the tool behind a target: `make test ARGS="-k sensor"`, `make demo ARGS="--data FOLDER"`.

BIN := .venv/bin
SOURCES := lakehouse_assets glue lambdas stepfunctions infrastructure scripts
TESTS := lakehouse_assets_tests
ARGS ?=

# The first Python that fits; looked for only when .venv is made. dagster 1.13 ends before 3.15.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c '$(FITS)' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test e2e spark check fix emit docs site bench lock package deploy destroy smoke

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Create .venv and .emulator with every locked package (a second run takes no time)
	@python="$(PYTHON)"; if ! "$${python:-false}" -c '$(FITS)' 2>/dev/null; then \
		echo "setup: Python 3.11 to 3.14 is needed, and $${python:-python3} is $$($${python:-python3} --version 2>&1 || true):" \
			"install one, or name one with \`make setup PYTHON=/path/to/python\`." >&2; exit 1; fi; \
	"$$python" scripts/setup.py

demo: setup ## Load sample data from landing to gold and print what happened
	@$(BIN)/lakehouse demo $(ARGS)

dev: setup ## Open the Dagster UI on the same asset graph
	@$(BIN)/lakehouse dev $(ARGS)

test: setup ## Run the tests; those for Spark too where a Java 17 or 21 is found
	@$(BIN)/python -m scripts.run_tests $(ARGS)

e2e: setup ## Prove it on an emulated AWS with Spark and Trino; `ARGS=--all` runs the whole matrix and the long tests
	@$(BIN)/python -m scripts.e2e $(ARGS)

spark: setup ## Get Spark ready: find or install a Java, fetch the Delta jars
	@$(BIN)/python -m scripts.spark

check: setup ## Format, lint, types, imports, docstrings, length of functions, workflows, Dockerfiles
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .import_linter_cache
	$(BIN)/interrogate $(SOURCES)
	$(BIN)/interrogate --ignore-module --whitelist-regex '^test_' $(TESTS)
	$(BIN)/python scripts/body_length.py $(SOURCES) $(TESTS)
	$(BIN)/zizmor --offline --quiet .github/workflows
	$(BIN)/hadolint Dockerfile infrastructure/images/Dockerfile

fix: setup ## Repair what can be repaired: format and lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

emit: setup ## Write stepfunctions/emitted from the asset graph, and infrastructure/templates from that
	@$(BIN)/lakehouse emit $(ARGS)
	@$(BIN)/python -m infrastructure.compose $(ARGS)

docs: setup ## Write docs/data-dictionary.md, and the files shown in docs/adding-a-pipeline.md
	@$(BIN)/python -m scripts.docs $(ARGS)

site: setup ## Build the site of the documents into build/site; links that lead nowhere fail it
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet $(ARGS)

bench: setup ## Measure the load against its floors and its peer
	@$(BIN)/python -m scripts.bench $(ARGS)

lock: setup ## Lock the dependencies again; `ARGS=--upgrade` takes the newest
	@$(BIN)/python -m scripts.lock $(ARGS)

package: setup ## Build what is deployed into build/: functions, image context, wheels for Glue
	@$(BIN)/python -m infrastructure.build $(ARGS)

deploy: setup ## Deploy an environment to AWS, after its changes were shown: `make deploy ENV=prod`
	@$(BIN)/python -m infrastructure.deploy $(ENV) $(ARGS)

destroy: setup ## Remove an environment; its data stays unless named: `make destroy ENV=prod`
	@$(BIN)/python -m infrastructure.destroy $(ENV) $(ARGS)

smoke: setup ## Check in a deployed environment what only AWS can prove: `make smoke ENV=prod`
	@$(BIN)/python -m infrastructure.smoke $(ENV) $(ARGS)
