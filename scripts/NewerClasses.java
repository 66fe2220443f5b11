import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.constant.ClassDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Rewrites the classes of a jar that are older than Java 6 as classes of Java 8, with the stack maps
 * that these must have: {@code java NewerClasses.java JAR}. Nothing else changes in them.
 *
 * <p>An AOT cache takes no class of a version before 50, which only the old verifier can check (JVMS
 * 4.10.2). Picocli's are of version 49, and a start needs 190 of them: read from the jar and
 * verified, they are more than a tenth of the time to a program's first instruction.
 */
final class NewerClasses {
  private static final int FIRST_WITH_STACK_MAPS = ClassFile.JAVA_6_VERSION;

  private NewerClasses() {}

  public static void main(String[] args) throws IOException {
    Path jar = Path.of(args[0]);
    Path rewritten = Path.of(args[0] + ".new");
    try (ZipFile old = new ZipFile(jar.toFile());
        ZipOutputStream result = new ZipOutputStream(Files.newOutputStream(rewritten))) {
      ClassFile classFile =
          ClassFile.of(
              ClassHierarchyResolverOption.of(
                  ClassHierarchyResolver.ofResourceParsing(type -> stream(old, type))
                      .orElse(ClassHierarchyResolver.defaultResolver())));
      for (ZipEntry entry : old.stream().toList()) {
        result.putNextEntry(new ZipEntry(entry.getName()));
        byte[] bytes = old.getInputStream(entry).readAllBytes();
        result.write(entry.getName().endsWith(".class") ? newer(classFile, bytes) : bytes);
        result.closeEntry();
      }
    }
    Files.move(rewritten, jar, StandardCopyOption.REPLACE_EXISTING);
  }

  private static byte[] newer(ClassFile classFile, byte[] bytes) {
    var model = classFile.parse(bytes);
    if (model.majorVersion() >= FIRST_WITH_STACK_MAPS) {
      return bytes;
    }
    return classFile.transformClass(
        model,
        ClassTransform.transformingMethodBodies((code, element) -> code.with(element))
            .andThen(
                (type, element) ->
                    type.with(
                        element instanceof ClassFileVersion
                            ? ClassFileVersion.of(ClassFile.JAVA_8_VERSION, 0)
                            : element)));
  }

  /** A class of the jar, null for one that is not in it; its descriptor is {@code Lits/Name;}. */
  private static InputStream stream(ZipFile jar, ClassDesc type) {
    String descriptor = type.descriptorString();
    ZipEntry entry = jar.getEntry(descriptor.substring(1, descriptor.length() - 1) + ".class");
    try {
      return entry == null ? null : jar.getInputStream(entry);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
