package org.biscotti.kernel.mem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.mem.TestMachine.assertErrno;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.junit.jupiter.api.Test;

class KernelMemoryTest {
  private static final long PAGE_OF_BYTES = 4096;

  private final KernelMemory memory = new KernelMemory(16 * PAGE_OF_BYTES);

  @Test
  void bulkEndsBeforeProcessesDo() {
    memory.reserve(Kind.BYTE, 12 * PAGE_OF_BYTES, Errno.ENOSPC);
    assertErrno(Errno.ENOSPC, () -> memory.reserve(Kind.BYTE, 1, Errno.ENOSPC));
    assertThat(memory.hasRoom(Kind.BYTE)).isFalse();
    assertThat(memory.tryReserve(Kind.TASK, 1)).isTrue();
    assertThat(memory.tryReserve(Kind.TASK, 1)).isFalse();
    assertThat(memory.count(Kind.TASK)).isEqualTo(1);
    assertThat(memory.bytes()).isEqualTo(16 * PAGE_OF_BYTES);
  }

  @Test
  void whatIsRefusedTakesNothingAndWhatIsGivenBackCanBeHadAgain() {
    assertErrno(Errno.ENOMEM, () -> memory.reserve(Kind.TASK, 5, Errno.ENOMEM));
    assertThat(memory.bytes()).isZero();
    memory.reserve(Kind.TASK, 4, Errno.ENOMEM);
    assertThat(memory.hasRoom(Kind.AREA)).isFalse();
    memory.release(Kind.TASK, 4);
    assertThat(memory.hasRoom(Kind.AREA)).isTrue();
    memory.add(Kind.OPEN_FILE);
    memory.release(Kind.OPEN_FILE, 1);
    assertThat(memory.bytes()).isZero();
    assertThat(memory.count(Kind.OPEN_FILE)).isZero();
  }
}
