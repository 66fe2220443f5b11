/** Benchmarks of the whole machine, and the checks that span all modules. */
module org.biscotti.bench {
  requires static com.google.errorprone.annotations;
  requires static org.jspecify;
  requires HdrHistogram;
  requires com.fasterxml.jackson.core;
  requires info.picocli;
  requires java.desktop;
  requires jdk.jfr;
  requires jmh.core;
  requires org.biscotti.kernel;
  requires org.biscotti.kvm;
  requires me.tongfei.progressbar;
  requires xchart;
}
