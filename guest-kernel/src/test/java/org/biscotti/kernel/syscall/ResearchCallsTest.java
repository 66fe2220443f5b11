package org.biscotti.kernel.syscall;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.parallel.Parallel;
import org.biscotti.kernel.parallel.Parallelism;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.task.TestKernel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The calls for experiments: there when they are asked for, and careful with what they are told.
 */
class ResearchCallsTest {
  private final TestKernel kernel = new TestKernel();
  private final Task task = kernel.program();
  private final ResearchCalls calls = new ResearchCalls(policy -> policy == 3);

  @AfterEach
  void close() {
    kernel.close();
  }

  @Test
  void areThereOnlyOnDemand() {
    assertThat(new SyscallTable().rows()).noneMatch(row -> row.name().startsWith("research_"));
    assertThat(new SyscallTable(_ -> false).rows())
        .extracting(Syscall::name)
        .contains("research_fill", "research_allocate", "research_collections")
        .contains("research_parallelism", "research_syscalls");
  }

  @Test
  void fillsATableAnew() {
    assertThat(calls.fill(task, 1000, 0, 0, 0, 0, 0)).isEqualTo(1000);
    assertThat(calls.fill(task, 7, 0, 0, 0, 0, 0)).isEqualTo(7);
    assertThat(calls.fill(task, 0, 0, 0, 0, 0, 0)).isZero();
    assertThatThrownBy(() -> calls.fill(task, -1, 0, 0, 0, 0, 0))
        .isInstanceOf(ErrnoException.class);
    assertThatThrownBy(() -> calls.fill(task, Long.MAX_VALUE, 0, 0, 0, 0, 0))
        .isInstanceOf(ErrnoException.class);
  }

  @Test
  void allocatesInSmallObjects() {
    assertThat(calls.allocate(task, 6400, 2, 0, 0, 0, 0)).isEqualTo(100);
    assertThat(calls.allocate(task, 63, 0, 0, 0, 0, 0)).isZero();
    assertThatThrownBy(() -> calls.allocate(task, 64, -1, 0, 0, 0, 0))
        .isInstanceOf(ErrnoException.class);
  }

  @Test
  void changesThePolicyOfSystemCalls() {
    assertThat(calls.syscalls(task, 3, 0, 0, 0, 0, 0)).isZero();
    assertThatThrownBy(() -> calls.syscalls(task, 4, 0, 0, 0, 0, 0))
        .isInstanceOf(ErrnoException.class)
        .hasMessageContaining("EINVAL");
  }

  @Test
  void changesWhoDoesLargeWork() {
    Parallel parallel = task.process().kernel().parallel();
    for (Parallelism policy : Parallelism.values()) {
      assertThat(calls.parallelism(task, policy.number(), 0, 0, 0, 0, 0)).isZero();
      assertThat(parallel.pays(1))
          .isEqualTo(policy == Parallelism.THREAD || policy == Parallelism.BLOCK);
    }
    for (long wrong : new long[] {-1, Parallelism.values().length, Long.MIN_VALUE}) {
      assertThatThrownBy(() -> calls.parallelism(task, wrong, 0, 0, 0, 0, 0))
          .isInstanceOf(ErrnoException.class);
    }
  }
}
