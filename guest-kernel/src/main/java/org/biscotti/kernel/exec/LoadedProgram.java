package org.biscotti.kernel.exec;

import java.util.Arrays;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.port.CpuContext;

/**
 * A program that is ready to run.
 *
 * @param space its memory; whoever has this record closes it
 * @param executable the ELF file, for {@code /proc/self/exe}: a script's interpreter
 * @param identity the ids it runs under, with set-user-id and set-group-id applied
 * @param instructionPointer where it starts: in its dynamic linker, if it has one
 * @param stackPointer initial stack pointer
 * @param argumentsStart start of the argument strings, for {@code /proc/self/cmdline}
 * @param argumentsEnd end of these, and start of the environment strings
 * @param environmentEnd end of the environment strings, for {@code /proc/self/environ}
 * @param auxiliaryStart start of the auxiliary vector, for {@code /proc/self/auxv}
 * @param auxiliaryEnd end of it
 */
public record LoadedProgram(
    AddressSpace space,
    Executable executable,
    Identity identity,
    long instructionPointer,
    long stackPointer,
    long argumentsStart,
    long argumentsEnd,
    long environmentEnd,
    long auxiliaryStart,
    long auxiliaryEnd) {
  /** Interrupts enabled, and the bit that is always one; as Linux starts programs. */
  private static final long INITIAL_RFLAGS = 0x202;

  /** Puts the initial registers into a context: all zero but for three, no vector state. */
  public void initialise(CpuContext context) {
    Arrays.fill(context.registers, 0);
    context.registers[CpuContext.RIP] = instructionPointer;
    context.registers[CpuContext.RSP] = stackPointer;
    context.registers[CpuContext.RFLAGS] = INITIAL_RFLAGS;
    context.fsBase = 0;
    context.gsBase = 0;
    context.vector = new byte[0];
  }
}
