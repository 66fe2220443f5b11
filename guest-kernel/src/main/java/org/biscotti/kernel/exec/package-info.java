/**
 * Loading programs: from a file to an address space and a register file that is ready to run
 * (execve(2), elf(5)), and the vDSO that every program gets.
 *
 * <p>A program is loaded into an address space of its own, and nothing outside it changes before
 * everything has worked. So a failure costs the caller nothing but an error number, and the program
 * that asked for it goes on.
 *
 * <p>Every byte of an executable is hostile. {@link org.biscotti.kernel.exec.ElfFile} and {@link
 * org.biscotti.kernel.exec.Script} turn bytes into checked values and touch no memory; {@link
 * org.biscotti.kernel.exec.InitialStack} lays out the stack as bytes; {@link
 * org.biscotti.kernel.exec.ElfLoader} is the only one that changes an address space. The sizes that
 * a file claims are reserved as address space, never allocated.
 *
 * <p>No locks of its own, but for the one in {@link org.biscotti.kernel.exec.Vvar}, of rank LEAF.
 */
@NullMarked
package org.biscotti.kernel.exec;

import org.jspecify.annotations.NullMarked;
