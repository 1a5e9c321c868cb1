# SPDX-License-Identifier: Apache-2.0
# The front door: short names for what Meson does. `make help` lists them.
BUILD ?= build
MESON_OPTIONS ?=
T ?=

.DEFAULT_GOAL := build
.PHONY: build deps demo test asan tsan bench check install clean help

build: deps-build $(BUILD)/build.ninja  ## build the program: build/etappe
	@ninja -C $(BUILD) etappe

$(BUILD)/build.ninja:
	meson setup $(BUILD) $(MESON_OPTIONS)

.PHONY: deps-build
deps-build:
	@tools/install-deps build

deps:  ## install what building and testing need (Debian 12)
	@tools/install-deps test

demo: build  ## build, import a sample company, print its first reports and serve it
	@$(BUILD)/etappe demo

test: deps $(BUILD)/build.ninja  ## run all tests, or those named like T=...
	@ninja -C $(BUILD) etappe
	@tools/run-tests $(BUILD) $(T)

asan: deps  ## all tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@[ -f build-asan/build.ninja ] || meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1
	@ninja -C build-asan etappe
	@tools/run-tests build-asan $(T)

tsan: deps  ## the tests with threads under ThreadSanitizer
	@[ -f build-tsan/build.ninja ] || meson setup build-tsan -Db_sanitize=thread -Db_lundef=false -Doptimization=1
	@ninja -C build-tsan etappe
	@tools/run-tests build-tsan $(if $(T),$(T),journey analysis)

bench: build  ## measure against peers and against the truth; see bench/README.md
	@bench/run
	@bench/truth

check: deps  ## layers, headers, formatting, warnings as errors
	@tools/check-layers && tools/check-headers
	@[ -f build-strict/build.ninja ] || meson setup build-strict -Dwerror=true
	@ninja -C build-strict etappe

install: build  ## install program, library, headers (DESTDIR; prefix through MESON_OPTIONS)
	@meson compile -C $(BUILD) etappe:executable etappe:shared_library >/dev/null
	@meson install -C $(BUILD) --no-rebuild

clean:  ## remove what was built (not what was fetched)
	rm -rf build build-asan build-tsan build-strict

help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10
