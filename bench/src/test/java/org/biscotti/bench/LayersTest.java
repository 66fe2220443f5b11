package org.biscotti.bench;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.USE_JAVA_UTIL_LOGGING;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;
import org.biscotti.bench.layers.BreaksEveryRule;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The layers of the project as rules over its class files. The module descriptors already keep the
 * modules apart; what they cannot say is here: no cycles between packages, and native access only
 * where a reader looks for it.
 *
 * <p>{@link BreaksEveryRule} breaks the rules about calls, and a test sees that they notice.
 */
@Tag("check")
class LayersTest {
  private static final JavaClasses PROJECT =
      new ClassFileImporter()
          .withImportOption(new DoNotIncludeTests())
          .importPackages("org.biscotti");

  /**
   * The JDK marks its restricted methods with this annotation, so the list is that of the JDK in
   * use.
   */
  private static final DescribedPredicate<JavaAccess<?>> RESTRICTED =
      describe(
          "target is a restricted method",
          access ->
              access.getTarget() instanceof CodeUnitAccessTarget target
                  && target
                      .resolveMember()
                      .map(method -> method.isAnnotatedWith("jdk.internal.javac.Restricted"))
                      .orElse(false));

  private static final ArchRule RESTRICTED_CALLS_ONLY_IN_FFI =
      noClasses()
          .that()
          .resideOutsideOfPackages("org.biscotti.kvm.ffi..", "org.biscotti.devices.ffi..")
          .should()
          .accessTargetWhere(RESTRICTED)
          .because("native access is in the ffi packages of devices and kvm-host");

  private static final ArchRule LINKER_ONLY_IN_FFI =
      noClasses()
          .that()
          .resideOutsideOfPackages("org.biscotti.kvm.ffi..", "org.biscotti.devices.ffi..")
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.lang.foreign.Linker")
          .orShould()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.lang.foreign.SymbolLookup")
          .because("native functions are looked up in the ffi packages of devices and kvm-host");

  private static final ArchRule NO_STANDARD_STREAMS =
      noClasses()
          .that()
          .resideOutsideOfPackages("org.biscotti.kvm.cli..")
          .and()
          .doNotHaveFullyQualifiedName("org.biscotti.bench.Benchmarks")
          .and()
          .doNotHaveFullyQualifiedName("org.biscotti.bench.figures.Figures")
          .should(ACCESS_STANDARD_STREAMS)
          .because("the standard streams belong to the program in the guest");

  private static final ArchRule NO_JAVA_UTIL_LOGGING =
      noClasses().should(USE_JAVA_UTIL_LOGGING).because("the project logs with Log4j");

  /** The rules that hold for every class alone. */
  private static final List<ArchRule> CALL_RULES =
      List.of(
          RESTRICTED_CALLS_ONLY_IN_FFI,
          LINKER_ONLY_IN_FFI,
          NO_STANDARD_STREAMS,
          NO_JAVA_UTIL_LOGGING);

  @TestFactory
  Stream<DynamicTest> callRulesHold() {
    return CALL_RULES.stream()
        .map(rule -> DynamicTest.dynamicTest(rule.getDescription(), () -> rule.check(PROJECT)));
  }

  @TestFactory
  Stream<DynamicTest> callRulesNoticeAViolation() {
    JavaClasses offender = new ClassFileImporter().importClasses(BreaksEveryRule.class);
    return CALL_RULES.stream()
        .map(rule ->
            DynamicTest.dynamicTest(
                rule.getDescription(),
                () ->
                    assertThatThrownBy(() -> rule.check(offender))
                        .isInstanceOf(AssertionError.class)
                        .hasMessageContaining("BreaksEveryRule")));
  }

  @Test
  void kernelDependsOnNothingOfOurs() {
    classes()
        .that()
        .resideInAPackage("org.biscotti.kernel..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "org.biscotti.kernel..",
            "java..",
            "jdk.jfr..",
            "org.apache.logging.log4j..",
            "org.jspecify.annotations..",
            "com.google.errorprone.annotations..")
        .check(PROJECT);
  }

  @Test
  void devicesKnowTheKernelOnly() {
    noClasses()
        .that()
        .resideInAPackage("org.biscotti.devices..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.biscotti.kvm..", "org.biscotti.bench..")
        .check(PROJECT);
  }

  @Test
  void hostDoesNotKnowTheBenchmarks() {
    noClasses()
        .that()
        .resideInAPackage("org.biscotti.kvm..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.biscotti.bench..")
        .check(PROJECT);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("org.biscotti.(**)").should().beFreeOfCycles().check(PROJECT);
  }

  @Test
  void everyModuleIsSeen() {
    assertThat(PROJECT.stream().map(JavaClass::getPackageName))
        .anyMatch(name -> name.startsWith("org.biscotti.kernel"))
        .anyMatch(name -> name.startsWith("org.biscotti.devices"))
        .anyMatch(name -> name.startsWith("org.biscotti.kvm"));
  }
}
