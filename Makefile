# One line a target; "make help" prints the lines.
.DEFAULT_GOAL := help
.PHONY: help build test check bench guests test-policies test-svm docs clean format

MVN := ./scripts/mvn.sh

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  %-14s %s\n' "$$name" "$$text"; done

build: ## compile everything, with the linters, and make what run.sh starts, AOT caches included
	@./scripts/build.sh --all
	@for gc in g1 zgc shenandoah parallel serial; do ./scripts/run.sh exec --gc=$$gc --help >/dev/null || exit; done

test: ## all unit and KVM integration tests (BISCOTTI_REQUIRE_KVM=1: fail without /dev/kvm)
	@./scripts/test.sh

check: ## formatter, linters, layers, generated docs up to date; no /dev/kvm needed
	@./scripts/check.sh

bench: ## the benchmarks, in some minutes (ARGS=NullSyscall for one; ARGS goes to JMH)
	@./scripts/bench.sh $(ARGS)

guests: ## compile the guest programs
	@./scripts/guests.sh

test-policies: ## the KVM integration tests under each policy of system calls, in half an hour
	@./scripts/test-policies.sh

test-svm: ## the KVM integration tests on an emulated machine with kvm_amd, nested paging on and off
	@./scripts/test-svm.sh

docs: ## write the documents that are generated from the sources
	@./scripts/docs.sh

clean: ## remove everything that was built
	rm -rf target */target

format: ## rewrite the Java sources as the formatter wants them
	@$(MVN) -q spotless:apply
