import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.reflect.Field;
import java.util.List;
import java.util.OptionalLong;
import org.biscotti.kvm.ffi.KvmAbi;

/**
 * Compares the checked-in {@link KvmAbi} with what jextract makes of the same header. Prints a line
 * for every value that differs or that jextract does not know, and exits with 1 if there is one.
 */
final class JextractDiff {
  private static final String GENERATED = "org.biscotti.kvm.ffi.generated.";

  private JextractDiff() {}

  static void main() throws ReflectiveOperationException {
    int compared = 0;
    int different = 0;
    for (Field field : KvmAbi.class.getFields()) {
      long ours = field.getLong(null);
      OptionalLong theirs = generated(field.getName());
      compared++;
      if (theirs.isEmpty() || theirs.getAsLong() != ours) {
        different++;
        IO.println(
            "%s: checked in 0x%x, jextract %s"
                .formatted(
                    field.getName(),
                    ours,
                    theirs.isEmpty() ? "has none" : "0x%x".formatted(theirs.getAsLong())));
      }
    }
    IO.println("%d values compared, %d differ".formatted(compared, different));
    System.exit(different == 0 ? 0 : 1);
  }

  /** A name without a $ is a constant; struct$sizeof and struct$field$field are of a layout. */
  private static OptionalLong generated(String name) throws ReflectiveOperationException {
    List<String> parts = List.of(name.split("\\$"));
    try {
      if (parts.size() == 1) {
        Object value = Class.forName(GENERATED + "kvm_h").getMethod(name).invoke(null);
        // A request number is an unsigned int in C.
        return OptionalLong.of(
            value instanceof Integer i ? Integer.toUnsignedLong(i) : ((Number) value).longValue());
      }
      MemoryLayout layout =
          (MemoryLayout)
              Class.forName(GENERATED + parts.getFirst()).getMethod("layout").invoke(null);
      if (parts.get(1).equals("sizeof")) {
        return OptionalLong.of(layout.byteSize());
      }
      return offset(layout, parts.subList(1, parts.size()));
    } catch (ClassNotFoundException | NoSuchMethodException e) {
      return OptionalLong.empty();
    }
  }

  /** Anonymous structs and unions are looked through, as C does. */
  private static OptionalLong offset(MemoryLayout layout, List<String> path) {
    if (path.isEmpty()) {
      return OptionalLong.of(0);
    }
    if (!(layout instanceof GroupLayout group)) {
      return OptionalLong.empty();
    }
    List<MemoryLayout> members = group.memberLayouts();
    for (int i = 0; i < members.size(); i++) {
      MemoryLayout member = members.get(i);
      String name = member.name().orElse("");
      boolean anonymous = name.isEmpty() || name.startsWith("$anon");
      if (!anonymous && !name.equals(path.getFirst())) {
        continue;
      }
      OptionalLong inner = offset(member, anonymous ? path : path.subList(1, path.size()));
      if (inner.isPresent()) {
        return OptionalLong.of(
            group.byteOffset(PathElement.groupElement(i)) + inner.getAsLong());
      }
    }
    return OptionalLong.empty();
  }
}
