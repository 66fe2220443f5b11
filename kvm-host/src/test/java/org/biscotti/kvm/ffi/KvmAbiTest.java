package org.biscotti.kvm.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.biscotti.kernel.port.CpuContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every number in {@link KvmAbi} and {@link Libc} is the one that a C compiler finds in the host's
 * headers.
 */
class KvmAbiTest {
  private static final String SIZEOF = "$sizeof";

  /** The members of the synchronized area: {@code s.regs} is a {@code struct kvm_sync_regs}. */
  private static final String SYNC_AREA = "s$regs$";

  /** Names of {@link Libc} that are not C's. */
  private static final Map<String, String> OWN_NAMES =
      Map.of(
          "SIGSET_BYTES", "sizeof(sigset_t)",
          "KERNEL_SIGSET_BYTES", "(_NSIG - 1) / 8",
          "TIMESPEC_BYTES", "sizeof(struct timespec)");

  private static final List<String> REGISTERS =
      List.of(
          "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rbp", "r8", "r9", "r10", "r11", "r12",
          "r13", "r14", "r15", "rip", "rflags");

  @Test
  void errnoIsWhereTheLinkerPutsIt() {
    assertThat(CallState.LAYOUT.byteOffset(PathElement.groupElement("errno")))
        .isEqualTo(CallState.ERRNO);
  }

  @Test
  void agreesWithTheHeader(@TempDir Path directory) throws Exception {
    CompilerProbe.requireCompiler();
    Map<String, Long> ours = new LinkedHashMap<>();
    constants(KvmAbi.class).forEach((name, value) -> ours.put(expression(name), value));
    assertThat(ours).hasSizeGreaterThan(110);
    assertThat(CompilerProbe.values(directory, List.of("linux/kvm.h"), ours.keySet()))
        .isEqualTo(ours);
  }

  @Test
  void constantsOfTheCallsAgreeWithTheHeaders(@TempDir Path directory) throws Exception {
    CompilerProbe.requireCompiler();
    Map<String, Long> ours = new LinkedHashMap<>();
    constants(Libc.class)
        .forEach((name, value) -> ours.put(OWN_NAMES.getOrDefault(name, name), value));
    assertThat(ours).hasSizeGreaterThan(14);
    List<String> headers = List.of("fcntl.h", "signal.h", "sys/mman.h", "linux/mman.h", "time.h");
    assertThat(CompilerProbe.values(directory, headers, ours.keySet())).isEqualTo(ours);
  }

  /** {@code Vcpu.register} multiplies: the kernel numbers registers as the structure has them. */
  @Test
  void registersAreNumberedInTheOrderOfTheStructure() throws ReflectiveOperationException {
    assertThat(REGISTERS).hasSize(CpuContext.COUNT);
    for (String register : REGISTERS) {
      int number = CpuContext.class.getField(register.toUpperCase(Locale.ROOT)).getInt(null);
      long offset = KvmAbi.class.getField("kvm_regs$" + register).getLong(null);
      assertThat(offset).as(register).isEqualTo(8L * number);
    }
    assertThat(KvmAbi.kvm_regs$sizeof).isEqualTo(8L * CpuContext.COUNT);
  }

  private static Map<String, Long> constants(Class<?> of) throws IllegalAccessException {
    Map<String, Long> values = new LinkedHashMap<>();
    for (Field field : of.getDeclaredFields()) {
      if (Modifier.isPublic(field.getModifiers())) {
        values.put(field.getName(), ((Number) field.get(null)).longValue());
      }
    }
    return values;
  }

  /** Turns our names back into C: {@code struct$member} is an offset, the rest are constants. */
  private static String expression(String name) {
    if (name.endsWith(SIZEOF)) {
      return "sizeof(struct " + name.substring(0, name.length() - SIZEOF.length()) + ")";
    }
    int separator = name.indexOf('$');
    if (separator < 0) {
      return "(unsigned)(" + name + ")";
    }
    String struct = name.substring(0, separator);
    String member = name.substring(separator + 1);
    if (member.startsWith(SYNC_AREA)) {
      return "offsetof(struct kvm_run, s) + offsetof(struct kvm_sync_regs, "
          + member.substring(SYNC_AREA.length())
          + ")";
    }
    return "offsetof(struct " + struct + ", " + member.replace('$', '.') + ")";
  }
}
