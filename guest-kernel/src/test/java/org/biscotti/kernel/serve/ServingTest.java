package org.biscotti.kernel.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.port.RingPages.REPLY_ACTION;
import static org.biscotti.kernel.port.RingPages.REPLY_RESULT;
import static org.biscotti.kernel.port.RingPages.REPLY_SEQUENCE;
import static org.biscotti.kernel.port.RingPages.REQUEST_RAX;
import static org.biscotti.kernel.port.RingPages.REQUEST_SEQUENCE;
import static org.biscotti.kernel.port.RingPages.RETURN;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntToLongFunction;
import org.biscotti.kernel.port.GuestCpu;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.RegisterFile;
import org.biscotti.kernel.syscall.Dispatcher;
import org.biscotti.kernel.syscall.Syscall;
import org.biscotti.kernel.syscall.SyscallObserver;
import org.biscotti.kernel.syscall.SyscallTable;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.task.TestKernel;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Calls that threads of one program make at once are served at once, by as many as are idle; if
 * they were not, no call would return and the time limit would say so.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServingTest {
  private static final int GETTID = 186;
  private static final int CALLERS = 3;
  private static final int VCPUS = 2 * CALLERS;

  private final TestKernel kernel = new TestKernel(VCPUS);
  private final GuestMemory memory = kernel.state.memory();
  private final long[] requests = pages();
  private final long[] replies = pages();

  /** How many callers' calls have been in the kernel at the same time: none returns before all. */
  private final AtomicInteger inKernel = new AtomicInteger();

  private final Set<Thread> servers = ConcurrentHashMap.newKeySet();

  private long[] pages() {
    long[] pages = new long[VCPUS];
    for (int i = 0; i < VCPUS; i++) {
      pages[i] = kernel.state.frames().allocate();
    }
    return pages;
  }

  @AfterEach
  void close() {
    kernel.close();
  }

  private final class Meeting implements SyscallObserver {
    @Override
    public void entered(Task task, long number, @Nullable Syscall call, long[] arguments) {
      servers.add(Thread.currentThread());
      inKernel.incrementAndGet();
      while (inKernel.get() < CALLERS) {
        Thread.onSpinWait(); // a call that parks would leave the ring
      }
    }

    @Override
    public void returned(
        Task task,
        long number,
        @Nullable Syscall call,
        long[] arguments,
        long result,
        long nanos) {}

    @Override
    public void ended(Task task) {}
  }

  private Serving serving(Policies policy) {
    IntToLongFunction request = vcpu -> requests[vcpu];
    IntToLongFunction reply = vcpu -> replies[vcpu];
    return new Serving(
        kernel.state,
        new Dispatcher(new SyscallTable(), new Meeting()),
        policy,
        Exitless.ON,
        request,
        reply,
        ForkJoinPool.commonPool());
  }

  /** A vCPU of which its number is known, and that it has no more state than it must. */
  private static GuestCpu vcpu(int number) {
    return (GuestCpu)
        Proxy.newProxyInstance(
            ServingTest.class.getClassLoader(),
            new Class<?>[] {GuestCpu.class},
            (_, method, _) ->
                switch (method.getName()) {
                  case "index" -> number;
                  case "vectorBytes" -> RegisterFile.VECTOR_BYTES_MIN;
                  case "vectorFeatures" -> 3L;
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  @ParameterizedTest
  @EnumSource
  void threadsOfOneProgramAreServedAtOnce(Policies policy) throws Exception {
    Serving serving = serving(policy);
    Task first = kernel.program();
    List<Task> callers = new ArrayList<>(List.of(first));
    while (callers.size() < CALLERS) {
      callers.add(TestKernel.thread(first));
    }
    for (int i = 0; i < CALLERS; i++) {
      serving.ring(i).call().open(callers.get(i));
      memory.setLong(requests[i] + REQUEST_RAX, GETTID);
      memory.setIntRelease(requests[i] + REQUEST_SEQUENCE, 1);
    }
    List<Thread> idle = new ArrayList<>();
    for (int i = CALLERS; i < VCPUS; i++) {
      int number = i;
      idle.add(
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                Server server = new Server(serving, vcpu(number));
                while (serving.ringCalls() < CALLERS) {
                  server.serveOnce();
                }
              }));
    }
    for (Thread thread : idle) {
      thread.join();
    }
    assertThat(servers).hasSize(CALLERS);
    for (int i = 0; i < CALLERS; i++) {
      assertThat(memory.getInt(replies[i] + REPLY_SEQUENCE)).isOne();
      assertThat(memory.getInt(replies[i] + REPLY_ACTION)).isEqualTo(RETURN);
      assertThat(memory.getLong(replies[i] + REPLY_RESULT)).isEqualTo(callers.get(i).threadId());
    }
  }
}
