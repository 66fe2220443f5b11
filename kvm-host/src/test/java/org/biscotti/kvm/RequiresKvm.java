package org.biscotti.kvm;

import static org.junit.jupiter.api.extension.ConditionEvaluationResult.disabled;
import static org.junit.jupiter.api.extension.ConditionEvaluationResult.enabled;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Marks a test that needs a usable {@code /dev/kvm}. Without one the test is skipped with the
 * reason, or fails when the system property {@code biscotti.requireKvm} is true: what a skipped
 * test would have shown is then known to be missing.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ExtendWith(RequiresKvm.Condition.class)
public @interface RequiresKvm {
  /** Looks at the device's permissions; the machine's own tests open it. */
  final class Condition implements ExecutionCondition {
    private static final Path DEVICE = Path.of("/dev/kvm");

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      if (Files.isReadable(DEVICE) && Files.isWritable(DEVICE)) {
        return enabled(DEVICE + " is usable");
      }
      String reason =
          Files.exists(DEVICE) ? "no permission to open " + DEVICE : "there is no " + DEVICE;
      if (Boolean.getBoolean("biscotti.requireKvm")) {
        throw new IllegalStateException(reason + ", and biscotti.requireKvm is set");
      }
      return disabled(reason);
    }
  }
}
