package org.biscotti.kvm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The environment of the guest's program: a small fixed one, so that the same command does the same
 * for everybody, and what {@code --env} adds. Strings are bytes.
 */
final class GuestEnvironment {
  private static final String DEFAULT_PATH =
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private final Map<String, String> variables = new LinkedHashMap<>();

  /**
   * Makes the environment.
   *
   * @param settings values of {@code --env}: {@code K=V}, or {@code K} for the caller's value
   * @param caller the caller's variables by name
   * @throws CommandException if a setting has no name
   */
  GuestEnvironment(List<String> settings, Function<String, @Nullable String> caller) {
    variables.put("PATH", DEFAULT_PATH);
    variables.put("HOME", "/root");
    take("TERM", caller);
    for (String setting : settings) {
      int equals = setting.indexOf('=');
      if (setting.isEmpty() || equals == 0) {
        throw new CommandException(
            "--env '" + HostText.decode(setting) + "' has no name: write NAME=VALUE or NAME");
      }
      if (equals < 0) {
        take(setting, caller);
      } else {
        variables.put(setting.substring(0, equals), setting.substring(equals + 1));
      }
    }
  }

  private void take(String name, Function<String, @Nullable String> caller) {
    String value = caller.apply(name);
    if (value != null) {
      variables.put(name, value);
    }
  }

  /** Directories in which a program's name is looked up; an empty one is the working directory. */
  List<String> searchPath() {
    String path = variables.getOrDefault("PATH", "");
    return path.isEmpty() ? List.of() : List.of(path.split(":", -1));
  }

  /** As execve(2) takes it. */
  List<String> toList() {
    List<String> list = new ArrayList<>();
    variables.forEach((name, value) -> list.add(name + "=" + value));
    return list;
  }
}
