/** Puts the file systems together into the tree that the first process sees. */
@NullMarked
package org.biscotti.kernel.fs.boot;

import org.jspecify.annotations.NullMarked;
