/**
 * The paper's experiments, and what {@code run.sh figures} makes of them: tables, pictures and a
 * report. An experiment is one class; docs/experiments.md says how to add one.
 */
@NullMarked
package org.biscotti.bench.figures;

import org.jspecify.annotations.NullMarked;
