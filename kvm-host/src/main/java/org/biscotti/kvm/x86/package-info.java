/**
 * The x86-64 side of the machine: architectural constants, and the tables and code pages that the
 * guest's ring 0 consists of.
 */
@NullMarked
package org.biscotti.kvm.x86;

import org.jspecify.annotations.NullMarked;
