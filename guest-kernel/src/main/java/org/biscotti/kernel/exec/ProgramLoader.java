package org.biscotti.kernel.exec;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.Layout;
import org.biscotti.kernel.mem.UserMemory;
import org.jspecify.annotations.Nullable;

/**
 * Makes a process image out of an executable file: execve(2) up to the point where the old program
 * would be replaced.
 *
 * <p>Safe for any number of threads.
 */
public final class ProgramLoader {
  /**
   * How many scripts may stand before the interpreter that is none; a sixth is ELOOP. (execve(2)
   * says four; Linux allows five.)
   */
  static final int SCRIPTS_MAX = 5;

  /** What a program finds below its arguments, more comes by faults; as Linux' stack_expand. */
  private static final long STACK_SIZE_INITIAL = 128 << 10;

  private static final int RANDOM_SIZE = 16;

  private final Supplier<AddressSpace> spaces;
  private final Vdso vdso;
  private final MachineFeatures machine;
  private final RandomGenerator random;

  /** Opens interpreters: of scripts, and dynamic linkers. */
  @FunctionalInterface
  public interface Opener {
    /**
     * Opens a file for execution.
     *
     * @param path as it stands in the file that names it, bytes as ISO 8859-1; may be relative
     * @throws ErrnoException as open(2) would fail; EACCES if it may not be executed
     */
    Executable open(String path);
  }

  /**
   * What execve(2) is asked for.
   *
   * @param file the opened file
   * @param fileName the path it was opened by, for AT_EXECFN and as a script's argument
   * @param arguments argv, strings of bytes as ISO 8859-1
   * @param environment envp, likewise
   * @param identity ids of the caller
   * @param stackLimit RLIMIT_STACK in bytes, unsigned
   * @param opener opens what the file asks for
   */
  public record Request(
      Executable file,
      String fileName,
      List<String> arguments,
      List<String> environment,
      Identity identity,
      long stackLimit,
      Opener opener) {}

  /**
   * A loader for one machine.
   *
   * @param spaces makes an empty address space with the limits of the process set
   * @param random for AT_RANDOM; programs make stack protector values of it
   */
  public ProgramLoader(
      Supplier<AddressSpace> spaces, Vdso vdso, MachineFeatures machine, RandomGenerator random) {
    this.spaces = spaces;
    this.vdso = vdso;
    this.machine = machine;
    this.random = random;
  }

  /**
   * Loads a program into a new address space. On failure nothing of it remains.
   *
   * @throws ErrnoException as execve(2): ENOEXEC for what is no program; ELOOP for too many
   *     scripts; E2BIG; ENOMEM; ELIBBAD for a dynamic linker that is no program; EINVAL, EPERM,
   *     EEXIST or EFAULT for segments that cannot be mapped; and what the opener throws
   */
  public LoadedProgram load(Request request) {
    List<String> arguments = new ArrayList<>(request.arguments());
    if (arguments.isEmpty()) {
      arguments.add(""); // Linux 5.18 and later: no program finds argc 0
    }
    Executable file = resolveScripts(request, arguments);
    ElfFile elf = ElfFile.parse(file::read);
    Executable linker = null;
    ElfFile linkerElf = null;
    if (elf.interpreter() != null) {
      linker = request.opener().open(elf.interpreter());
      linkerElf = parseInterpreter(linker);
    }
    InitialStack.checkLimits(
        request.fileName(), arguments, request.environment(), request.stackLimit());

    AddressSpace space = spaces.get();
    boolean loaded = false;
    try (UserMemory memory = new UserMemory(space)) {
      space.setStackLimit(request.stackLimit());
      Mapped mapped = map(space, memory, file, elf, linker, linkerElf);
      Identity identity = request.identity().executing(file);
      InitialStack stack = buildStack(request, arguments, identity, mapped.image());
      mapStack(space, memory, stack, elf.executableStack(), request.stackLimit());
      loaded = true;
      return new LoadedProgram(
          space,
          file,
          identity,
          mapped.start(),
          stack.stackPointer(),
          stack.argumentsStart(),
          stack.argumentsEnd(),
          stack.environmentEnd(),
          stack.auxiliaryStart(),
          stack.auxiliaryEnd());
    } finally {
      if (!loaded) {
        space.close();
      }
    }
  }

  /**
   * Follows scripts to the first interpreter that is none. Each puts its interpreter, that one's
   * argument and its own path in the place of the first argument.
   */
  private static Executable resolveScripts(Request request, List<String> arguments) {
    Executable file = request.file();
    String path = request.fileName();
    for (int scripts = 0; ; scripts++) {
      byte[] head = new byte[Script.LINE_MAX];
      Script script = Script.parse(head, readHead(file, head));
      if (script == null) {
        return file;
      }
      arguments.set(0, path);
      if (script.argument() != null) {
        arguments.addFirst(script.argument());
      }
      arguments.addFirst(script.interpreter());
      path = script.interpreter();
      file = request.opener().open(path);
      if (scripts == SCRIPTS_MAX) {
        throw ErrnoException.of(Errno.ELOOP);
      }
    }
  }

  private static int readHead(Executable file, byte[] head) {
    int done = 0;
    while (done < head.length) {
      int count = file.read(done, head, done, head.length - done);
      if (count <= 0) {
        break;
      }
      done += count;
    }
    return done;
  }

  /** A dynamic linker that names one itself is run without. */
  private static ElfFile parseInterpreter(Executable file) {
    try {
      return ElfFile.parse(file::read);
    } catch (ErrnoException e) {
      throw e.errno() == Errno.ENOEXEC ? ErrnoException.of(Errno.ELIBBAD) : e;
    }
  }

  /** What came of mapping: what the program is told, and where it starts. */
  private record Mapped(InitialStack.Image image, long start) {}

  private Mapped map(
      AddressSpace space,
      UserMemory memory,
      Executable file,
      ElfFile elf,
      @Nullable Executable linker,
      @Nullable ElfFile linkerElf) {
    ElfLoader loader = new ElfLoader(space, memory);
    long bias = loader.mapProgram(elf, file.pages());
    space.setBreak(ElfLoader.roundUp(elf.end() + bias));
    long entry = elf.entry() + bias;
    long start = entry;
    long linkerBias = 0;
    if (linker != null && linkerElf != null) {
      linkerBias = loader.mapInterpreter(linkerElf, linker.pages());
      start = linkerElf.entry() + linkerBias;
    }
    long headers = elf.headersAddress() == 0 ? 0 : elf.headersAddress() + bias;
    InitialStack.Image image =
        new InitialStack.Image(entry, headers, elf.headerCount(), linkerBias, vdso.mapInto(space));
    return new Mapped(image, start);
  }

  private InitialStack buildStack(
      Request request, List<String> arguments, Identity identity, InitialStack.Image image) {
    byte[] bytes = new byte[RANDOM_SIZE];
    random.nextBytes(bytes);
    return InitialStack.build(
        Layout.STACK_TOP,
        request.fileName(),
        arguments,
        request.environment(),
        image,
        identity,
        machine,
        bytes);
  }

  private static void mapStack(
      AddressSpace space, UserMemory memory, InitialStack stack, boolean executable, long limit) {
    long used = stack.bytes().length;
    long size =
        Long.compareUnsigned(limit, used + STACK_SIZE_INITIAL) < 0
            ? limit
            : used + STACK_SIZE_INITIAL;
    long start = Layout.STACK_TOP - ElfLoader.roundUp(Math.max(size, used));
    int prot = Mman.PROT_READ | Mman.PROT_WRITE | (executable ? Mman.PROT_EXEC : Mman.PROT_NONE);
    int flags =
        Mman.MAP_PRIVATE
            | Mman.MAP_ANONYMOUS
            | Mman.MAP_GROWSDOWN
            | Mman.MAP_STACK
            | Mman.MAP_FIXED_NOREPLACE;
    space.mmap(start, Layout.STACK_TOP - start, prot, flags, null, 0, false);
    memory.copyOutFully(stack.stackPointer(), stack.bytes(), 0, stack.bytes().length);
    space.setStackStart(stack.stackPointer());
  }
}
