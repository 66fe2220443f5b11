/**
 * The only place of this module with native access: the C library calls the machine needs and the
 * constants of {@code linux/kvm.h}. Every restricted call says in a {@code SAFETY} comment why it
 * is sound.
 */
@NullMarked
package org.biscotti.kvm.ffi;

import org.jspecify.annotations.NullMarked;
