# gotune. `make help` says what there is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := build

# Installs libtorch if it is missing, and sets the variables that cgo needs.
# They are the same for every clone, so gotch's C++ is compiled once: Go's build
# cache keeps it for as long as not a letter of them changes.
libtorch = flags=$$(hack/install-libtorch.sh --env) && eval "$$flags"

# With few cores, OpenMP's threads must not spin on while they wait. The programs set
# the same for themselves.
export OMP_WAIT_POLICY ?= passive
export GOMP_SPINCOUNT ?= 100000

# Tools are built once, without cgo, and kept out of go.mod.
tool = CGO_ENABLED=0 GOBIN=$(CURDIR)/.cache/$(notdir $(1)) go install $(1)
gotestsum = gotest.tools/gotestsum@v1.13.0
golangci  = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
gofumpt   = mvdan.cc/gofumpt@v0.12.0
run_tests = .cache/$(notdir $(gotestsum))/gotestsum --format pkgname --format-hide-empty-pkg --

# Git may be absent, or refuse a clone that belongs to another user.
stamp = $(shell git rev-parse HEAD >/dev/null 2>&1 || echo -buildvcs=false)

.PHONY: build
build: have-go have-g++ ## build the programs into bin/, after installing libtorch if it is missing
	@[[ -d bin ]] || echo "building; the first time this compiles libtorch's binding, which takes 3 minutes"
	@$(libtorch) && go build $(stamp) -o bin/ ./cmd/...

.PHONY: demo
demo: build ## fine-tune a small BERT on film reviews and a ResNet on photographs, all bundled
	@hack/demo.sh

.PHONY: demo-bert
demo-bert: build ## the demo's first half
	@hack/demo.sh bert

.PHONY: demo-vision
demo-vision: build ## the demo's second half
	@hack/demo.sh vision

.PHONY: check-device
check-device: build ## hold a GPU against the CPU: losses, a resumed run, predictions, speed; DEVICE=cuda:1 another
	@hack/check-device.sh $(DEVICE)

.PHONY: test
test: have-go have-g++ ## run every test
	@$(call tool,$(gotestsum))
	@echo "== packages without libtorch, with the race detector"
	@$(run_tests) -race $$(hack/packages.sh pure)
	@echo "== packages on libtorch"
	@$(libtorch) && $(run_tests) -timeout 30m $$(hack/packages.sh torch)
	@echo "== scripts"
	@hack/test-install-libtorch.sh
	@$(libtorch) && hack/test-user-program.sh

.PHONY: test-pure
test-pure: have-go ## run the tests that need neither libtorch nor a C compiler, in seconds
	@CGO_ENABLED=0 go test $$(hack/packages.sh pure)

.PHONY: check
check: have-go have-g++ ## enforce the design: who imports whom, how libtorch is called
	@$(libtorch) && go vet ./...
	@go test -count=1 ./internal/archcheck

.PHONY: lint
lint: have-go have-g++ ## run the linters and the formatter's check
	@$(call tool,$(golangci)) && $(call tool,$(gofumpt))
	@$(libtorch) && .cache/$(notdir $(golangci))/golangci-lint run ./...
	@files=$$(.cache/$(notdir $(gofumpt))/gofumpt -l .) && [[ -z $$files ]] || { echo "run gofumpt -w on: $$files"; exit 1; }
	@if command -v shellcheck >/dev/null; then shellcheck hack/*.sh .ci/run; \
	else echo "shellcheck is missing, so scripts go unchecked; apt-get install shellcheck"; fi

.PHONY: bench-bin
bench-bin: build
	@$(libtorch) && go build $(stamp) -o .cache/ ./bench/probe && cp bin/* .cache/

.PHONY: bench
bench: bench-bin ## run beside PyTorch, Hugging Face and Keras; ROWS=regexp renews some rows of bench/RESULTS.md, ROUNDS=n repeats them
	@folder=$$(bench/prepare.sh) && "$$folder/venv/bin/python" bench/run.py .cache "$$folder" \
	  --rows '$(or $(ROWS),.)' --rounds '$(or $(ROUNDS),3)'

.PHONY: scale
scale: bench-bin ## measure and draw how cost grows with batch, length, threads and data; PARTS=regexp renews some parts of bench/SCALE.md
	@folder=$$(bench/prepare.sh) && "$$folder/venv/bin/python" bench/scale.py .cache "$$folder" --parts '$(or $(PARTS),.)'

.PHONY: bench-go
bench-go: have-go have-g++ ## run Go's benchmarks; BENCH=regexp picks some, COUNT=n repeats them
	@$(libtorch) && go test -run '^$$' -bench '$(or $(BENCH),.)' -benchmem -count $(or $(COUNT),1) ./...

.PHONY: golden
golden: ## make the tests' expectations anew, with PyTorch, Hugging Face, scikit-learn and others
	@hack/golden.sh

.PHONY: dist
dist: have-go have-g++ ## pack dist/gotune-VERSION-linux-amd64.tar.gz, which needs neither Go nor Python
	@$(libtorch) && hack/dist.sh

.PHONY: clean
clean: ## remove what make built in this folder (libtorch and Go's caches stay)
	@rm -rf bin dist .cache

.PHONY: help
help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: have-go have-g++
have-go:
	@command -v go >/dev/null || { echo "make: go is missing; install Go 1.26 or newer from https://go.dev/dl"; exit 1; }
have-g++:
	@command -v g++ >/dev/null || { echo "make: g++ is missing; apt-get install g++"; exit 1; }
