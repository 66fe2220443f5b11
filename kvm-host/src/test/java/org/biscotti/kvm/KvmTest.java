package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.biscotti.kernel.abi.Errno;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What users are told where there is no KVM, or none for them: one line that says what to do. */
class KvmTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(ints = {Errno.ENOENT, Errno.ENODEV, Errno.ENXIO})
  void saysThatThereIsNoDevice(int errno) {
    assertThat(Kvm.cannotOpen(errno))
        .startsWith("no /dev/kvm: enable virtualization in the firmware and load kvm_intel or")
        .doesNotContain("\n");
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EACCES, Errno.EPERM})
  void saysThatThereIsNoPermission(int errno) {
    assertThat(Kvm.cannotOpen(errno))
        .startsWith("no permission on /dev/kvm: join the group that owns it")
        .doesNotContain("\n");
  }

  @Test
  void saysWhatElseItMayBe() {
    assertThat(Kvm.cannotOpen(Errno.EBUSY)).startsWith("/dev/kvm is busy: another hypervisor");
    assertThat(Kvm.cannotOpen(Errno.EMFILE)).isEqualTo("cannot open /dev/kvm: EMFILE");
  }

  @Test
  void opensNothingThatIsNotThere() {
    assertThatThrownBy(() -> Kvm.open(directory.resolve("kvm").toString()))
        .isInstanceOf(KvmException.class)
        .hasMessage(Kvm.cannotOpen(Errno.ENOENT));
  }

  @Test
  void opensNothingThatItMayNot() throws Exception {
    assumeFalse("root".equals(System.getProperty("user.name")), "root may open everything");
    Path device = Files.createFile(directory.resolve("kvm"));
    Files.setPosixFilePermissions(device, PosixFilePermissions.fromString("---------"));
    assertThatThrownBy(() -> Kvm.open(device.toString()))
        .isInstanceOf(KvmException.class)
        .hasMessage(Kvm.cannotOpen(Errno.EACCES));
  }

  @Test
  void takesNoOtherDeviceForKvm() throws Exception {
    Path file = Files.createFile(directory.resolve("kvm"));
    assertThatThrownBy(() -> Kvm.open(file.toString()))
        .isInstanceOf(KvmException.class)
        .hasMessage("/dev/kvm is not KVM's device: ENOTTY");
  }

  @Test
  void saysHowMuchMemoryTheHostDoesNotGive() {
    assertThat(GuestRam.cannot("map", 3L << 30, Errno.ENOMEM))
        .hasMessage("cannot map 3072 MiB of guest memory (ENOMEM): ask for less with --memory");
  }
}
