package org.biscotti.bench.figures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.biscotti.bench.Kvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An experiment from the command line to the page in a browser. */
@Timeout(300)
class FiguresIT {
  private static final List<String> BROWSERS =
      List.of("chromium", "chromium-browser", "google-chrome");

  @TempDir private Path directory;

  private static int run(PrintStream console, String... arguments) {
    Path home = Path.of(System.getProperty("biscotti.home"));
    return Figures.execute(new Figures(home, console), arguments);
  }

  @Test
  void makesAReportThatABrowserShows() throws IOException, InterruptedException {
    Kvm.need();
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    PrintStream console = new PrintStream(text, true, StandardCharsets.UTF_8);
    assertThat(run(console, "fork", "policies", "--quick", "--out", directory.toString())).isZero();
    assertThat(text.toString(StandardCharsets.UTF_8))
        .contains("native Linux", "sequential", "parallel", "ondemand", "report: ")
        .contains("alone: adaptive takes at most ", "pipe round trip");
    assertThat(Files.readString(directory.resolve("fork.csv")))
        .contains("./scripts/run.sh exec --memory=1792M --fork=ondemand -- ");
    Path page = directory.resolve("report.html");
    String browser = BROWSERS.stream().filter(FiguresIT::isInstalled).findFirst().orElse("");
    assumeTrue(!browser.isEmpty(), "there is no Chromium to look at the report with");
    assertThat(shown(browser, page))
        .contains("Section 4.3: parallel fork", "Fork of 1024 MiB", "as fast as sequential")
        .contains("<svg");
    Path picture = directory.resolve("page.png");
    browse(browser, "--screenshot=" + picture, page);
    assertThat(picture).isNotEmptyFile();
  }

  @Test
  void refusesWhatThereIsNot() {
    PrintStream console =
        new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
    assertThat(run(console, "nothing")).isEqualTo(125);
    assertThat(run(console, "--fast")).isEqualTo(125);
    assertThat(run(console, "fork", "--gc", "none")).isEqualTo(125);
    assertThat(run(console, "fork", "--out", "/proc/nowhere")).isEqualTo(125);
    assertThat(run(console, "--help")).isZero();
  }

  private static boolean isInstalled(String program) {
    return Stream.of(System.getenv("PATH").split(":", -1))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  /** The page as the browser has it after loading. */
  private String shown(String browser, Path page) throws IOException, InterruptedException {
    return browse(browser, "--dump-dom", page);
  }

  private String browse(String browser, String what, Path page)
      throws IOException, InterruptedException {
    Path out = directory.resolve("browser.txt");
    Process process =
        new ProcessBuilder(
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--user-data-dir=" + directory.resolve("profile"),
                "--window-size=1200,3000",
                what,
                page.toUri().toString())
            .redirectOutput(out.toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return Files.readString(out);
  }
}
