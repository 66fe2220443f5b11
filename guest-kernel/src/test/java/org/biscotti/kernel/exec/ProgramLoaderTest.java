package org.biscotti.kernel.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.biscotti.kernel.exec.ElfBuilder.ET_DYN;
import static org.biscotti.kernel.exec.ElfBuilder.ET_EXEC;
import static org.biscotti.kernel.exec.ElfBuilder.PT_GNU_STACK;
import static org.biscotti.kernel.exec.ElfBuilder.PT_LOAD;
import static org.biscotti.kernel.exec.ElfBuilder.R;
import static org.biscotti.kernel.exec.ElfBuilder.W;
import static org.biscotti.kernel.exec.ElfBuilder.X;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.biscotti.kernel.abi.Auxv;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.mem.Layout;
import org.biscotti.kernel.mem.MemoryPolicy;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.NoBacking;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Loads hand-made programs into real address spaces. After each test every frame is back. */
class ProgramLoaderTest {
  private static final long STACK_LIMIT = 8 << 20;
  private static final long PIE = 0x5555_5555_4000L;
  private static final Identity USER = new Identity(1000, 1000, 100, 100);

  private final Arena arena = Arena.ofShared();
  private final GuestMemory memory =
      new GuestMemory(arena.allocate(16 << 20, 4096), new NoBacking());
  private final FrameAllocator frames = new FrameAllocator(memory, 4096, MemoryPolicy.EXACT);
  private final Vdso vdso = new Vdso(frames);
  private final long freeAtStart = frames.freeFrames();
  private final ProgramLoader loader =
      new ProgramLoader(
          () -> new AddressSpace(frames, memory, new long[] {0}, MemoryPolicy.EXACT),
          vdso,
          new MachineFeatures(0x1234, Auxv.HWCAP2_FSGSBASE, 3632),
          new Random(1));

  private final Map<String, FakeFile> files = new HashMap<>();
  private final List<String> opened = new ArrayList<>();
  private final List<AddressSpace> spaces = new ArrayList<>();

  @AfterEach
  void everyFrameIsBack() {
    spaces.forEach(AddressSpace::close);
    for (FakeFile file : files.values()) {
      assertThat(file.openMappings).as(file.path()).isZero();
      file.drop();
    }
    assertThat(frames.freeFrames()).isEqualTo(freeAtStart);
    arena.close();
  }

  private FakeFile add(String path, byte[] content) {
    FakeFile file = new FakeFile(frames, path, content);
    files.put(path, file);
    return file;
  }

  private FakeFile add(String path, ElfBuilder builder) {
    return add(path, builder.build());
  }

  private void addScript(String path, String text) {
    add(path, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private Executable open(String path) {
    opened.add(path);
    FakeFile file = files.get(path);
    if (file == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return file;
  }

  private ProgramLoader.Request request(String path, String... arguments) {
    return new ProgramLoader.Request(
        open(path), path, List.of(arguments), List.of("A=b"), USER, STACK_LIMIT, this::open);
  }

  private LoadedProgram load(String path, String... arguments) {
    LoadedProgram program = loader.load(request(path, arguments));
    spaces.add(program.space());
    return program;
  }

  private void assertFails(String errno, String path) {
    int before = openMappings();
    assertThatExceptionOfType(ErrnoException.class)
        .isThrownBy(() -> load(path, path))
        .withMessage(errno);
    assertThat(openMappings()).isEqualTo(before);
  }

  private int openMappings() {
    return files.values().stream().mapToInt(file -> file.openMappings).sum();
  }

  private void assertFails(String errno, ElfBuilder builder) {
    add("/p", builder);
    assertFails(errno, "/p");
  }

  private static List<String> arguments(LoadedProgram program) {
    try (UserMemory user = new UserMemory(program.space())) {
      long at = program.stackPointer();
      List<String> arguments = new ArrayList<>();
      for (long left = user.getLong(at); left > 0; left--) {
        at += 8;
        arguments.add(user.readCString(user.getLong(at), 4096));
      }
      assertThat(user.getLong(at + 8)).isZero();
      return arguments;
    }
  }

  private static long auxv(LoadedProgram program, int type) {
    try (UserMemory user = new UserMemory(program.space())) {
      long at = program.stackPointer() + 8;
      for (int vector = 0; vector < 2; vector++) {
        while (user.getLong(at) != 0) {
          at += 8;
        }
        at += 8;
      }
      while (user.getLong(at) != type) {
        assertThat(user.getLong(at)).isNotZero();
        at += 16;
      }
      return user.getLong(at + 8);
    }
  }

  private static void assertUnmapped(UserMemory user, long gva) {
    assertThatExceptionOfType(ErrnoException.class)
        .isThrownBy(() -> user.getByte(gva))
        .withMessage("EFAULT");
  }

  @Test
  void anOrdinaryProgramIsMapped() {
    add("/p", ElfBuilder.ordinary());
    LoadedProgram program = load("/p", "p", "one");
    assertThat(program.instructionPointer()).isEqualTo(0x400100);
    assertThat(program.executable().path()).isEqualTo("/p");
    assertThat(arguments(program)).containsExactly("p", "one");
    try (UserMemory user = new UserMemory(program.space())) {
      assertThat(user.getInt(0x400000)).isEqualTo(0x464c457f);
      assertThat(user.getByte(0x400fff)).isEqualTo(ElfBuilder.pattern(0xfff));
      assertUnmapped(user, 0x401000);
      assertThat(user.getByte(0x402234)).isEqualTo(ElfBuilder.pattern(0x1234));
      assertThat(user.getByte(0x402333)).isEqualTo(ElfBuilder.pattern(0x1333));
      for (long gva = 0x402334; gva < 0x405000; gva++) {
        assertThat(user.getByte(gva)).isZero();
      }
      assertUnmapped(user, 0x405000);
      user.setByte(0x404fff, (byte) 1);
      assertThatExceptionOfType(ErrnoException.class)
          .isThrownBy(() -> user.setByte(0x400000, (byte) 1));
    }
    assertThat(program.space().brk(0)).isEqualTo(0x405000);
    assertThat(program.space().maps())
        .startsWith(
            """
            00400000-00401000 r-xp 00000000 00:15 4711                               /p
            00402000-00403000 rw-p 00001000 00:15 4711                               /p
            00403000-00405000 rw-p 00000000 00:00 0\
            """)
        .contains("[vdso]\n", "[stack]\n");
  }

  @Test
  void theBytesOfTheFileStayWhatTheyWere() {
    FakeFile file = add("/p", ElfBuilder.ordinary());
    load("/p", "p");
    long gpa = file.page(1, false);
    assertThat(memory.getByte(gpa + 0x333)).isEqualTo(ElfBuilder.pattern(0x1333));
    frames.release(gpa);
  }

  @Test
  void initialRegistersAreZeroButForThree() {
    add("/p", ElfBuilder.ordinary());
    LoadedProgram program = load("/p", "p");
    CpuContext context = new CpuContext();
    Arrays.fill(context.registers, -1);
    context.fsBase = context.gsBase = 5;
    context.vector = new byte[8];
    program.initialise(context);
    long[] expected = new long[CpuContext.COUNT];
    expected[CpuContext.RIP] = 0x400100;
    expected[CpuContext.RSP] = program.stackPointer();
    expected[CpuContext.RFLAGS] = 0x202;
    assertThat(context.registers).isEqualTo(expected);
    assertThat(context.fsBase).isZero();
    assertThat(context.gsBase).isZero();
    assertThat(context.vector).isEmpty();
  }

  @Test
  void aRelocatableProgramGoesWhereLinuxPutsIt() {
    add("/p", ElfBuilder.relocatable());
    LoadedProgram program = load("/p", "p");
    assertThat(program.instructionPointer()).isEqualTo(PIE + 0x100);
    assertThat(auxv(program, Auxv.AT_ENTRY)).isEqualTo(PIE + 0x100);
    assertThat(auxv(program, Auxv.AT_PHDR)).isEqualTo(PIE + 64);
    assertThat(auxv(program, Auxv.AT_BASE)).isZero();
    assertThat(program.space().brk(0)).isEqualTo(PIE + 0x5000);
  }

  @Test
  void alignmentIsHonoured() {
    ElfBuilder builder =
        new ElfBuilder(ET_DYN).entry(0x1000).header(PT_LOAD, R | X, 0, 0, 0x200, 0x200, 0x200000);
    add("/p", builder.fill(0x200));
    assertThat(load("/p", "p").instructionPointer()).isEqualTo(0x5555_5540_1000L);
  }

  @ParameterizedTest
  @ValueSource(longs = {1L << 46, 1L << 47, 1L << 62})
  void absurdAlignmentIsNoMemory(long alignment) {
    ElfBuilder builder =
        new ElfBuilder(ET_DYN).header(PT_LOAD, R, 0, 0, 0x200, 0x200, alignment).fill(0x200);
    if (alignment == 1L << 46) {
      add("/p", builder);
      assertThat(load("/p", "p").instructionPointer()).isEqualTo(1L << 46);
    } else {
      assertFails("ENOMEM", builder);
    }
    add("/p2", ElfBuilder.relocatable().interpreter("/p"));
    if (alignment != 1L << 46) {
      assertFails("ENOMEM", "/p2");
    }
  }

  @Test
  void theDynamicLinkerRunsFirst() {
    add("/p", ElfBuilder.relocatable().interpreter("/lib/ld.so"));
    add("/lib/ld.so", ElfBuilder.relocatable().entry(0x180));
    LoadedProgram program = load("/p", "p");
    long base = auxv(program, Auxv.AT_BASE);
    assertThat(base).isBetween(PIE + 0x5000, Layout.STACK_TOP);
    assertThat(program.instructionPointer()).isEqualTo(base + 0x180);
    assertThat(auxv(program, Auxv.AT_ENTRY)).isEqualTo(PIE + 0x100);
    assertThat(auxv(program, Auxv.AT_PHNUM)).isEqualTo(3);
    assertThat(program.executable().path()).isEqualTo("/p");
    assertThat(program.space().brk(0)).isEqualTo(PIE + 0x5000);
    try (UserMemory user = new UserMemory(program.space())) {
      assertThat(user.getInt(base)).isEqualTo(0x464c457f);
      assertThat(user.getByte(base + 0x2234)).isEqualTo(ElfBuilder.pattern(0x1234));
    }
  }

  @Test
  void theAlignmentOfADynamicLinkerIsHonoured() {
    add("/p", ElfBuilder.relocatable().interpreter("/ld.so"));
    add("/ld.so", new ElfBuilder(ET_DYN).header(PT_LOAD, R, 0, 0, 0x200, 0x200, 1 << 21).fill(512));
    assertThat(auxv(load("/p", "p"), Auxv.AT_BASE) % (1 << 21)).isZero();
  }

  @Test
  void theInterpreterOfAnInterpreterIsIgnored() {
    add("/p", ElfBuilder.relocatable().interpreter("/ld.so"));
    add("/ld.so", ElfBuilder.relocatable().interpreter("/no/such/file"));
    load("/p", "p");
    assertThat(opened).containsExactly("/p", "/ld.so");
  }

  @Test
  void aProgramMayBeItsOwnInterpreterIfThereIsRoomForBoth() {
    add("/p", ElfBuilder.relocatable().interpreter("/p"));
    LoadedProgram program = load("/p", "p");
    assertThat(program.instructionPointer()).isNotEqualTo(PIE + 0x100);
    add("/q", ElfBuilder.ordinary().interpreter("/q"));
    assertFails("EEXIST", "/q");
  }

  @Test
  void badInterpretersFail() {
    add("/p", ElfBuilder.ordinary().interpreter("/ld.so"));
    assertFails("ENOENT", "/p");
    addScript("/ld.so", "#!/bin/sh\n");
    assertFails("ELIBBAD", "/p");
    add("/ld.so", new byte[0]);
    assertFails("ELIBBAD", "/p");
    add("/ld.so", new ElfBuilder(ET_DYN).load(R, 0, 0, 2, 1));
    assertFails("EINVAL", "/p");
    add("/ld.so", ElfBuilder.relocatable().entry(Layout.USER_END));
    assertFails("EINVAL", "/p");
    add("/ld.so", new ElfBuilder(ET_EXEC).load(R, 0, 0x1000, 0x100, 0x100).fill(0x100));
    assertFails("EPERM", "/p");
  }

  @Test
  void badProgramsFail() {
    add("/empty", new byte[0]);
    assertFails("ENOEXEC", "/empty");
    addScript("/text", "hello\n");
    assertFails("ENOEXEC", "/text");
    assertFails("EPERM", new ElfBuilder(ET_EXEC).load(R, 0, 0xf000, 0, 0x1000));
    assertFails("EINVAL", ElfBuilder.ordinary().entry(Layout.USER_END));
    assertFails("EINVAL", ElfBuilder.ordinary().entry(-1L));
    assertFails("EINVAL", ElfBuilder.relocatable().entry(Layout.USER_END));
  }

  @Test
  void absurdSizesAreNoMemory() {
    assertFails("ENOMEM", new ElfBuilder(ET_EXEC).load(R | W, 0, 0x400000, 0, 1L << 46));
    assertFails("ENOMEM", new ElfBuilder(ET_DYN).load(R | W, 0, 0, 0, 1L << 46));
    assertFails("ENOMEM", new ElfBuilder(ET_EXEC).load(R | W, 0, 0x400000, 0, 17 << 20));
    add("/p", new ElfBuilder(ET_EXEC).load(R | W, 0, 0x400000, 0, 15 << 20));
    load("/p", "p"); // address space, not memory
  }

  @Test
  void aProgramInThePlaceOfTheStackFails() {
    assertFails(
        "EEXIST",
        new ElfBuilder(ET_EXEC).load(R, 0, Layout.STACK_TOP - 0x1000, 0x200, 0x200).fill(0x200));
  }

  @Test
  void aFileThatEndsBeforeItsDataFailsOnlyWhereTheKernelNeedsThem() {
    byte[] file = ElfBuilder.ordinary().build();
    add("/p", Arrays.copyOf(file, 0x1000));
    assertFails("EFAULT", "/p");
    add("/q", new ElfBuilder(ET_EXEC).load(R, 0, 0x400000, 0x3000, 0x3000).fill(0x1000));
    LoadedProgram program = load("/q", "q");
    try (UserMemory user = new UserMemory(program.space())) {
      assertUnmapped(user, 0x401000); // SIGBUS for the program
    }
  }

  @Test
  void zeroesInAReadOnlySegmentAreReadableAndWritableBeyondTheFirstPage() {
    add("/p", new ElfBuilder(ET_EXEC).load(R, 0, 0x400000, 0x100, 0x1800).fill(0x200));
    LoadedProgram program = load("/p", "p");
    try (UserMemory user = new UserMemory(program.space())) {
      assertThat(user.getByte(0x4001ff)).isEqualTo(ElfBuilder.pattern(0x1ff));
      user.setByte(0x401000, (byte) 1);
    }
  }

  @Test
  void ofSegmentsThatShareAPageTheLaterCounts() {
    ElfBuilder builder =
        new ElfBuilder(ET_EXEC)
            .load(R | X, 0, 0x400000, 0x1800, 0x1800)
            .load(R | W, 0x2800, 0x401800, 0x100, 0x100)
            .fill(0x3000);
    add("/p", builder);
    try (UserMemory user = new UserMemory(load("/p", "p").space())) {
      assertThat(user.getByte(0x400fff)).isEqualTo(ElfBuilder.pattern(0xfff));
      assertThat(user.getByte(0x401800)).isEqualTo(ElfBuilder.pattern(0x2800));
      assertThat(user.getByte(0x401000)).isEqualTo(ElfBuilder.pattern(0x2000));
    }
  }

  @Test
  void theStackIsExecutableOnlyOnDemand() {
    add("/p", ElfBuilder.ordinary());
    assertThat(stackLine(load("/p", "p"))).contains(" rw-p ");
    add("/q", ElfBuilder.ordinary().header(PT_GNU_STACK, R | W | X, 0, 0, 0, 0, 16));
    assertThat(stackLine(load("/q", "q"))).contains(" rwxp ");
  }

  private static String stackLine(LoadedProgram program) {
    return program.space().maps().lines().filter(l -> l.endsWith("[stack]")).findFirst().get();
  }

  @Test
  void theStackHasRoomAndGrows() {
    add("/p", ElfBuilder.ordinary());
    LoadedProgram program = load("/p", "p");
    assertThat(stackLine(program)).contains("-7f7ffffff000 ");
    try (UserMemory user = new UserMemory(program.space())) {
      user.setByte(program.stackPointer() - (128 << 10), (byte) 1);
      user.setByte(program.stackPointer() - (1 << 20), (byte) 1);
      assertUnmapped(user, Layout.STACK_TOP);
      assertUnmapped(user, Layout.STACK_TOP - STACK_LIMIT - 4096);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 4096, 65536, 131072, -1, Long.MAX_VALUE, Long.MIN_VALUE})
  void anyStackLimitWillDo(long limit) {
    add("/p", ElfBuilder.ordinary());
    LoadedProgram program =
        loader.load(
            new ProgramLoader.Request(
                open("/p"), "/p", List.of("p"), List.of(), USER, limit, this::open));
    spaces.add(program.space());
    assertThat(arguments(program)).containsExactly("p");
  }

  @Test
  void aProgramAlwaysHasAnArgument() {
    add("/p", ElfBuilder.ordinary());
    assertThat(arguments(load("/p"))).containsExactly("");
  }

  @Test
  void tooManyArgumentsFail() {
    add("/p", ElfBuilder.ordinary());
    String[] arguments = new String[300_000];
    Arrays.fill(arguments, "");
    assertThatExceptionOfType(ErrnoException.class)
        .isThrownBy(() -> load("/p", arguments))
        .withMessage("E2BIG");
  }

  @Test
  void aScriptRunsItsInterpreter() {
    add("/bin/p", ElfBuilder.ordinary());
    addScript("/s", "#! /bin/p -x y\nrest\n");
    LoadedProgram program = load("/s", "given", "one", "two");
    assertThat(arguments(program)).containsExactly("/bin/p", "-x y", "/s", "one", "two");
    assertThat(program.executable().path()).isEqualTo("/bin/p");
    try (UserMemory user = new UserMemory(program.space())) {
      assertThat(user.readCString(auxv(program, Auxv.AT_EXECFN), 99)).isEqualTo("/s");
    }
    assertThat(arguments(load("/s"))).containsExactly("/bin/p", "-x y", "/s");
  }

  @Test
  void fiveScriptsAreTheMost() {
    add("/s0", ElfBuilder.ordinary());
    for (int i = 1; i <= 6; i++) {
      addScript("/s" + i, "#!/s" + (i - 1));
    }
    assertThat(arguments(load("/s5", "x", "y")))
        .containsExactly("/s0", "/s1", "/s2", "/s3", "/s4", "/s5", "y");
    assertFails("ELOOP", "/s6");
    addScript("/self", "#!/self\n");
    assertFails("ELOOP", "/self");
    addScript("/nowhere", "#!/no/such/file\n");
    assertFails("ENOENT", "/nowhere");
  }

  @Test
  void setIdBitsChangeTheEffectiveIds() {
    add("/p", ElfBuilder.ordinary()).mode(0106755);
    LoadedProgram program = load("/p", "p");
    assertThat(program.identity()).isEqualTo(new Identity(1000, 77, 100, 88));
    assertThat(auxv(program, Auxv.AT_SECURE)).isEqualTo(1);
    assertThat(auxv(program, Auxv.AT_EUID)).isEqualTo(77);
    assertThat(auxv(program, Auxv.AT_UID)).isEqualTo(1000);
    files.get("/p").mode(0102745);
    assertThat(load("/p", "p").identity()).isEqualTo(USER);
    files.get("/p").mode(0100755);
    assertThat(auxv(load("/p", "p"), Auxv.AT_SECURE)).isZero();
  }

  @Test
  void randomBytesAreDifferentEachTime() {
    add("/p", ElfBuilder.ordinary());
    LoadedProgram one = load("/p", "p");
    LoadedProgram two = load("/p", "p");
    try (UserMemory first = new UserMemory(one.space());
        UserMemory second = new UserMemory(two.space())) {
      assertThat(first.getLong(auxv(one, Auxv.AT_RANDOM)))
          .isNotEqualTo(second.getLong(auxv(two, Auxv.AT_RANDOM)));
    }
  }

  @Test
  void theVdsoIsTheSameMemoryForAll() {
    add("/p", ElfBuilder.ordinary());
    LoadedProgram one = load("/p", "p");
    LoadedProgram two = load("/p", "p");
    long gva = auxv(one, Auxv.AT_SYSINFO_EHDR);
    byte[] seen = new byte[Vdso.image().length];
    try (UserMemory first = new UserMemory(one.space());
        UserMemory second = new UserMemory(two.space())) {
      first.copyInFully(gva, seen, 0, seen.length);
      assertThat(seen).isEqualTo(Vdso.image());
      assertThat(second.translate(auxv(two, Auxv.AT_SYSINFO_EHDR), false))
          .isEqualTo(first.translate(gva, false));
      assertThatExceptionOfType(ErrnoException.class)
          .isThrownBy(() -> first.setByte(gva, (byte) 0));
      assertUnmapped(first, gva + 4096);
    }
    assertThat(one.space().maps()).containsPattern("r-xp 00000000 00:00 0 +\\[vdso\\]\n");
  }

  @Test
  void aProgramOfThisHostIsLoadedWithItsDynamicLinker() throws IOException {
    byte[] java = Files.readAllBytes(Path.of(System.getProperty("java.home"), "bin", "java"));
    Path linker = Path.of("/lib64/ld-linux-x86-64.so.2");
    Assumptions.assumeTrue(Files.exists(linker), "needs glibc for x86-64");
    add("/java", java);
    add(linker.toString(), Files.readAllBytes(linker));
    LoadedProgram program = load("/java", "java");
    assertThat(opened).containsExactly("/java", linker.toString());
    String maps = program.space().maps();
    assertThat(maps).contains("555555554000-").contains(linker.toString()).contains("[stack]");
    try (UserMemory user = new UserMemory(program.space())) {
      byte[] code = new byte[64];
      user.copyInFully(program.instructionPointer(), code, 0, code.length);
      assertThat(code).isNotEqualTo(new byte[64]);
      assertThat(user.getInt(auxv(program, Auxv.AT_PHDR))).isEqualTo(6); // PT_PHDR comes first
    }
  }

  @Test
  void memoryMayRunOutAnywhere() {
    add("/p", ElfBuilder.relocatable().interpreter("/ld.so"));
    add("/ld.so", ElfBuilder.relocatable());
    long[] taken = new long[(int) freeAtStart];
    for (int left = 0; left < 60; left++) {
      int count =
          frames.allocateRun(taken, (int) frames.freeFrames() - left, FrameAllocator.Use.KERNEL);
      assertThat(frames.freeFrames()).isEqualTo(left);
      try {
        loader.load(request("/p", "p")).space().close();
        assertThat(left).isGreaterThan(10);
      } catch (ErrnoException e) {
        assertThat(e.errno()).isIn(Errno.ENOMEM, Errno.EFAULT);
        assertThat(left).isLessThan(59);
      }
      files.values().forEach(FakeFile::drop);
      assertThat(frames.freeFrames()).isEqualTo(left);
      for (int i = 0; i < count; i++) {
        frames.release(taken[i]);
      }
    }
  }

  @Test
  void noMutationOfARealProgramDoesAnythingButFailOrLoad() throws IOException {
    byte[] real = Files.readAllBytes(Path.of(System.getProperty("java.home"), "bin", "java"));
    byte[] made = ElfBuilder.relocatable().interpreter("/ld.so").build();
    Random random = new Random(20250102);
    int loaded = 0;
    for (int round = 0; round < 10_000; round++) {
      FakeFile linker = add("/ld.so", ElfMutator.mutate(made, random));
      files.put("/lib64/ld-linux-x86-64.so.2", linker);
      FakeFile program = add("/p", ElfMutator.mutate(random.nextBoolean() ? made : real, random));
      try {
        loader.load(request("/p", "p", "argument")).space().close();
        loaded++;
      } catch (ErrnoException expected) {
        assertThat(expected.errno()).isPositive();
      }
      assertThat(program.openMappings + linker.openMappings).isZero();
      assertThat(program.bytesRead).isLessThan(80 << 10);
      program.drop();
      linker.drop();
      assertThat(frames.freeFrames()).as("round %d", round).isEqualTo(freeAtStart);
    }
    assertThat(loaded).isBetween(200, 9_800);
  }
}
