# Every target that runs Python first brings .venv up to date with requirements.lock.
PYTHON := .venv/bin/python

# What would let a test reach a provider, or somebody's cluster or collector; and what would have every process
# that a test starts compile the sources again.
KEYLESS := env -u OPENAI_API_KEY -u OPENAI_BASE_URL -u OPENAI_ORG_ID -u OPENAI_PROJECT_ID \
	-u OPENAI_MODEL -u ANTHROPIC_API_KEY -u AZURE_OPENAI_API_KEY -u GEMINI_API_KEY -u GOOGLE_API_KEY -u GROQ_API_KEY \
	-u MISTRAL_API_KEY -u OPENROUTER_API_KEY -u TEMPORAL_ADDRESS -u TEMPORAL_NAMESPACE \
	-u TEMPORAL_API_KEY -u TEMPORAL_PROFILE -u TEMPORAL_CONFIG_FILE -u TENUTO_HOME -u TENUTO_DATABASE_URL -u TENUTO_DEPLOYMENT \
	-u TENUTO_MODEL_ADDRESS -u TENUTO_MODEL_KEY -u TENUTO_MODEL_PATH -u TRACEPARENT \
	-u PYTHONDONTWRITEBYTECODE -u OTEL_EXPORTER_OTLP_ENDPOINT -u OTEL_EXPORTER_OTLP_TRACES_ENDPOINT -u OTEL_EXPORTER_OTLP_METRICS_ENDPOINT

.DEFAULT_GOAL := help
.PHONY: help demo evaluate smoke test check certify mutate bench rehearse record screenshots format lock stop clean reset environment

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

demo: environment ## resolve sample tickets with a local model and a local Temporal server
	@$(PYTHON) starter.py demo $(if $(PROVIDER),--provider $(PROVIDER)) $(if $(TICKETS),--tickets $(TICKETS))

evaluate: environment ## every sample ticket with the local model, or JOB=extract-records; count what is right
	@$(PYTHON) starter.py evaluate $(JOB) $(if $(PROVIDER),--provider $(PROVIDER))

smoke: environment ## one ticket from end to end, with the real local model
	@$(KEYLESS) $(PYTHON) starter.py demo --tickets 1 --json

test: environment ## the tests, with no provider key in the environment
	@$(KEYLESS) $(PYTHON) -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: environment ## lint, format, types and import rules
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports

certify: environment ## compute the certificates of all workflows anew
	@for name in $$($(PYTHON) -c 'from worker import WORKFLOWS; print(*(each.plan.name for each in WORKFLOWS))'); do \
		file="certificates/$$name.json"; \
		$(KEYLESS) TENUTO_MODELS=certificates/models.toml $(PYTHON) starter.py certify \
			"$$name" --json > "$$file.new" && mv "$$file.new" "$$file" || exit 1; done
	@git --no-pager diff --stat -- certificates; git status --short -- certificates

mutate: environment ## put known defects into a copy of the sources; the tests must notice each
	@$(KEYLESS) $(PYTHON) -m tests.mutations

rehearse: environment ## build the workers' image as far as it goes without a container engine, and try it
	@$(KEYLESS) $(PYTHON) -m tests.deploy.rehearsal

bench: environment ## measure against stock Temporal and hand-written workflows; ratios, in minutes
	@$(KEYLESS) $(PYTHON) -m bench

record: environment ## run every scenario again and record tests/histories anew
	@$(KEYLESS) $(PYTHON) -W ignore -m tests.record_histories 2>/dev/null

screenshots: environment ## take docs/screenshots anew: real runs in the Temporal UI, and our own pages
	@$(KEYLESS) $(PYTHON) -W ignore -m tests.take_screenshots

format: environment ## rewrite the sources in the project's format
	$(PYTHON) -m ruff check --fix-only --quiet .
	$(PYTHON) -m ruff format .

# Hashes, and no address: pip takes the same files from whatever index it is set to use. uv does not read
# pip's settings, so a private index is handed over, from where pip says that it is set.
lock: environment ## resolve requirements.lock again; UPGRADE=--upgrade takes newer releases
	@index=$$($(PYTHON) -m pip config list 2>/dev/null | sed -n "s/^global\.index.url='\(.*\)'$$/\1/p"); \
	index=$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$index}}; \
	$${index:+env UV_DEFAULT_INDEX="$$index"} .venv/bin/uv pip compile --no-config --quiet $(UPGRADE) \
		--universal --python-version 3.11 --only-binary :all: --extra embedded --extra dev \
		--generate-hashes --no-header --no-annotate pyproject.toml \
		--output-file requirements.lock
	@! grep -nE '://|file:' requirements.lock

stop: environment ## stop the servers that were started for this checkout
	@$(PYTHON) -c 'from embedded.stack import home, stop_all; \
		print("ended:", ", ".join(stop_all(home())) or "nothing was running")'

clean: ## stop the servers; remove the environment and caches, keep what was recorded
	@if [ -x $(PYTHON) ]; then $(PYTHON) -c 'from embedded.stack import home, stop_all; stop_all(home())'; fi
	rm -rf .venv .venv.lock .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

reset: clean ## also remove every local record: runs, ledgers, logs
	rm -rf .tenuto

environment: ## make .venv, or bring it up to date with requirements.lock
	@sh bootstrap.sh
