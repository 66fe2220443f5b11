package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the host has left to give, from files as the host would show them. */
class HostMemoryTest {
  private static final long MIB = 1 << 20;
  private static final long GIB = 1 << 30;

  @TempDir Path host;

  private HostMemory memory;

  @BeforeEach
  void emptyHost() {
    memory = new HostMemory(host.resolve("proc"), host.resolve("cgroup"));
  }

  private void file(String path, String contents) throws IOException {
    Path file = host.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, contents + "\n");
  }

  private void meminfo(long availableBytes) throws IOException {
    file(
        "proc/meminfo",
        "MemTotal:       99999999 kB\nMemFree:  1 kB\nMemAvailable:   %d kB\nBuffers: 2 kB"
            .formatted(availableBytes >> 10));
  }

  private void version2(String group, String limit, long usage) throws IOException {
    file("cgroup/" + group + "/memory.max", limit);
    file("cgroup/" + group + "/memory.current", Long.toString(usage));
  }

  private void version1(String group, long limit, long usage) throws IOException {
    file("cgroup/memory/" + group + "/memory.limit_in_bytes", Long.toString(limit));
    file("cgroup/memory/" + group + "/memory.usage_in_bytes", Long.toString(usage));
  }

  @Test
  void isUnlimitedWhereNothingIsSaid() {
    assertThat(memory.available()).isEqualTo(Long.MAX_VALUE);
    assertThat(memory.allows(1L << 46)).isTrue();
  }

  @Test
  void isWhatMeminfoSays() throws IOException {
    meminfo(3 * GIB);
    assertThat(memory.available()).isEqualTo(3 * GIB);
    assertThat(memory.allows(4 * GIB)).isFalse();
    assertThat(memory.allows(2 * GIB)).isTrue();
  }

  @Test
  void leavesTheHostItsLastBytes() throws IOException {
    meminfo(100 * MIB);
    assertThat(memory.allows(MIB)).isFalse();
  }

  @Test
  void readsAgainBeforeWhatWasSaidIsUsedUp() throws IOException {
    meminfo(GIB);
    assertThat(memory.allows(MIB)).isTrue();
    meminfo(0);
    long given = 0;
    while (given < GIB && memory.allows(MIB)) {
      given += MIB;
    }
    assertThat(given).isBetween(0L, GIB / 2);
    meminfo(GIB);
    assertThat(memory.allows(MIB)).isTrue();
  }

  @Test
  void refusesAtTheLimitOfVersion2() throws IOException {
    meminfo(64 * GIB);
    file("proc/self/cgroup", "0::/a/b");
    version2("a/b", Long.toString(GIB), GIB / 4);
    assertThat(memory.available()).isEqualTo(GIB - GIB / 4);
    assertThat(memory.allows(GIB)).isFalse();
    assertThat(memory.allows(MIB)).isTrue();
    version2("a/b", Long.toString(GIB), GIB);
    assertThat(memory.allows(GIB / 2)).isFalse();
  }

  @Test
  void theTightestGroupOnTheWayUpCounts() throws IOException {
    file("proc/self/cgroup", "0::/a/b/c");
    version2("a/b/c", "max", GIB);
    version2("a/b", Long.toString(8 * GIB), GIB);
    version2("a", Long.toString(2 * GIB), GIB);
    assertThat(memory.available()).isEqualTo(GIB);
  }

  @Test
  void maxIsNoLimit() throws IOException {
    meminfo(5 * GIB);
    file("proc/self/cgroup", "0::/a");
    version2("a", "max", GIB);
    assertThat(memory.available()).isEqualTo(5 * GIB);
  }

  @Test
  void refusesAtTheLimitOfVersion1() throws IOException {
    meminfo(64 * GIB);
    file("proc/self/cgroup", "9:cpu:/x\n4:hugetlb,memory:/m/n\n0::/");
    version1("m/n", 2 * GIB, GIB);
    version1("", 0x7ffffffffffff000L, 7 * GIB);
    assertThat(memory.available()).isEqualTo(GIB);
    assertThat(memory.allows(GIB)).isFalse();
    version1("m/n", GIB, GIB + MIB);
    assertThat(memory.allows(MIB)).isFalse();
  }

  @Test
  void aGroupThatIsNotShownIsNoLimit() throws IOException {
    file("proc/self/cgroup", "4:memory:/not/mounted/here\n0::/\nnot a line");
    assertThat(memory.available()).isEqualTo(Long.MAX_VALUE);
  }
}
