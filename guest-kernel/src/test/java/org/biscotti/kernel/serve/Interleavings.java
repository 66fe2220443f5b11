package org.biscotti.kernel.serve;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tries all interleavings of a few actors that run real code.
 *
 * <p>An actor is a virtual thread that stops before every access to what actors share ({@link
 * #step}) and goes on only when it is told to, so a schedule is a list of numbers and can be
 * replayed. The search is depth first. It goes back to a state by making the world again and
 * replaying the schedule up to there, and it does not go on from a state that it has been in: two
 * states are the same if what is shared is the same and each actor stands at the same place, having
 * seen the same since it was last there with nothing in its hands ({@link #forget}).
 *
 * <p>Memory is sequentially consistent here; that what is stored before a release is seen after an
 * acquire is taken for granted.
 *
 * <p>It finds a check that fails in the code of an actor, a state from which nobody can go on, and
 * a state from which no end can be reached any more, however the schedule goes on.
 */
final class Interleavings {
  /** What one run is made of. */
  interface World {
    /** Starts the actors, by {@link #actor}. */
    void start();

    /** All that the actors share, as a number. */
    long fingerprint();

    /** Checks when all actors have ended. */
    void ended();
  }

  /** What a search has seen. */
  record Result(int states, long steps, int runs) {}

  /** One action of an actor, and which way it has gone on, -1 if there is but one. */
  private record Step(Actor actor, String label, int chosen) {
    @Override
    public String toString() {
      return actor.name + ": " + label + (chosen < 0 ? "" : " " + chosen);
    }
  }

  private static final int MAX_STATES = 5_000_000;
  private static final MethodHandle NEW_THREAD = factory();

  private final Function<Interleavings, World> worlds;
  private final List<Actor> actors = new ArrayList<>();
  private final Map<Long, Integer> states = new HashMap<>();
  private final List<int[]> edges = new ArrayList<>();

  /** For each state the state and the transition by which it was found. */
  private final List<int[]> origins = new ArrayList<>();

  private final List<Integer> ends = new ArrayList<>();
  private final List<Step> trace = new ArrayList<>();
  private @Nullable Actor current;
  private @Nullable Throwable failure;
  private boolean abandoned;
  private long steps;
  private int runs;

  /** A search in worlds that are all made alike. */
  Interleavings(Function<Interleavings, World> worlds) {
    this.worlds = worlds;
  }

  private static MethodHandle factory() {
    try {
      Method factory =
          Class.forName("java.lang.ThreadBuilders")
              .getDeclaredMethod(
                  "newVirtualThread", Executor.class, String.class, int.class, Runnable.class);
      factory.setAccessible(true);
      return MethodHandles.lookup().unreflect(factory);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Ends an actor of a run that is not wanted any more. */
  private static final class Abandoned extends Error {
    private static final long serialVersionUID = 1;

    Abandoned() {
      super("", null, false, false);
    }
  }

  private static final class Actor implements Executor {
    final String name;
    final Thread thread;
    BooleanSupplier[] alternatives = {() -> true};
    String label = "start";
    int chosen;
    boolean ended;
    long history;
    long mark;
    @Nullable Runnable continuation;

    Actor(String name, Runnable body) {
      this.name = name;
      try {
        thread = (Thread) NEW_THREAD.invoke((Executor) this, name, 0, body);
      } catch (Throwable t) {
        throw new AssertionError(t);
      }
    }

    @Override
    public void execute(Runnable next) {
      continuation = next;
    }

    /** Runs the actor on the caller's thread up to its next step. */
    void run() {
      for (Runnable next; (next = continuation) != null; ) {
        continuation = null;
        next.run();
      }
    }
  }

  // ---- for the world ----

  /** Adds an actor to the run that is being started. */
  void actor(String name, Runnable body) {
    Actor actor =
        new Actor(
            name,
            () -> {
              try {
                body.run();
              } catch (Abandoned end) {
                // as it should
              } catch (Throwable t) {
                if (failure == null) {
                  failure = t;
                }
              }
              current().ended = true;
            });
    actors.add(actor);
    current = actor;
    actor.thread.start();
    actor.run();
  }

  private Actor current() {
    Actor actor = current;
    if (actor == null) {
      throw new IllegalStateException("no actor runs");
    }
    return actor;
  }

  /** An actor's next action is seen by others. */
  void step(String label) {
    choose(label, () -> true);
  }

  /** The actor goes on when there is something to go on for. */
  void await(String label, BooleanSupplier condition) {
    choose(label, condition);
  }

  /**
   * The actor goes on in one of several ways.
   *
   * @param alternatives which of them are possible
   * @return the number of one
   */
  int choose(String label, BooleanSupplier... alternatives) {
    Actor me = current();
    if (abandoned) {
      throw new Abandoned();
    }
    me.label = label;
    me.alternatives = alternatives;
    LockSupport.park();
    if (abandoned) {
      throw new Abandoned();
    }
    observed(label.hashCode() * 31L + me.chosen);
    return me.chosen;
  }

  /**
   * The actor decides for itself; no step if it has no choice. What is impossible stays so.
   *
   * @param alternatives which ways are possible
   * @return the number of one
   */
  int decide(String label, BooleanSupplier... alternatives) {
    int only = -1;
    for (int i = 0; i < alternatives.length; i++) {
      if (alternatives[i].getAsBoolean()) {
        if (only >= 0) {
          return choose(label, alternatives);
        }
        only = i;
      }
    }
    return only;
  }

  /** The actor has seen a value that what it does next can depend on. */
  void observed(long value) {
    Actor me = current();
    me.history = mix(me.history, value);
  }

  /** The actor begins anew: what it does next depends on nothing that it has seen before. */
  void forget(String label, long local) {
    Actor me = current();
    me.history = mix(label.hashCode(), local);
    me.mark = me.history;
  }

  /** What a loop that waits for others depends on is what has been seen up to here. */
  void mark() {
    Actor me = current();
    me.mark = me.history;
  }

  /** Forgets what has been seen since the mark. */
  void forgetToMark(long local) {
    Actor me = current();
    me.history = mix(me.mark, local);
  }

  /** Name of the actor that runs. */
  String actorName() {
    return current().name;
  }

  static long mix(long hash, long value) {
    long z = (hash ^ value) * 0x9e3779b97f4a7c15L + 0x7f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    return z ^ (z >>> 27);
  }

  // ---- the search ----

  private static final class Frame {
    final int state;
    final int[] transitions;
    int next;

    Frame(int state, int[] transitions) {
      this.state = state;
      this.transitions = transitions;
    }
  }

  /** Searches; fails with the schedule that leads to the failure. */
  Result search() {
    Deque<Frame> path = new ArrayDeque<>();
    World world = begin();
    int from = -1;
    int by = 0;
    while (true) {
      int known = states.size();
      int state = states.computeIfAbsent(fingerprint(world), key -> known);
      if (from >= 0) {
        edges.add(new int[] {from, state});
      }
      if (states.size() > known) {
        origins.add(new int[] {from, by});
        int[] transitions = transitions();
        if (transitions.length == 0) {
          end(world);
          ends.add(state);
        }
        path.addLast(new Frame(state, transitions));
        if (states.size() > MAX_STATES) {
          throw new AssertionError("more states than can be searched");
        }
      }
      boolean live = states.size() > known;
      while (!path.isEmpty() && path.getLast().next == path.getLast().transitions.length) {
        path.removeLast();
        live = false;
      }
      if (path.isEmpty()) {
        break;
      }
      if (!live) {
        abandon();
        world = begin();
        for (Frame frame : path) {
          if (frame != path.getLast()) {
            perform(frame.transitions[frame.next - 1]);
          }
        }
      }
      Frame last = path.getLast();
      from = last.state;
      by = last.transitions[last.next++];
      perform(by);
    }
    abandon();
    checkThatAllEnd();
    return new Result(states.size(), steps, runs);
  }

  private World begin() {
    runs++;
    abandoned = false;
    actors.clear();
    trace.clear();
    World world = worlds.apply(this);
    world.start();
    check();
    return world;
  }

  private void abandon() {
    abandoned = true;
    for (Actor actor : actors) {
      if (!actor.ended) {
        resume(actor);
      }
    }
  }

  private void resume(Actor actor) {
    current = actor;
    LockSupport.unpark(actor.thread);
    actor.run();
  }

  private void perform(int transition) {
    Actor actor = actors.get(transition >> 8);
    actor.chosen = transition & 0xff;
    trace.add(new Step(actor, actor.label, actor.alternatives.length > 1 ? actor.chosen : -1));
    steps++;
    resume(actor);
    check();
  }

  private int[] transitions() {
    int[] found = new int[actors.size() * 8];
    int count = 0;
    for (int i = 0; i < actors.size(); i++) {
      Actor actor = actors.get(i);
      for (int j = 0; !actor.ended && j < actor.alternatives.length; j++) {
        if (actor.alternatives[j].getAsBoolean()) {
          found[count++] = i << 8 | j;
        }
      }
    }
    return Arrays.copyOf(found, count);
  }

  private long fingerprint(World world) {
    long hash = world.fingerprint();
    for (Actor actor : actors) {
      hash = mix(hash, actor.ended ? 0 : mix(actor.history, actor.label.hashCode()));
    }
    return hash;
  }

  private void end(World world) {
    for (Actor actor : actors) {
      if (!actor.ended) {
        fail(new AssertionError(actor.name + " waits for ever at: " + actor.label));
      }
    }
    try {
      world.ended();
    } catch (Throwable t) {
      fail(t);
    }
  }

  private void check() {
    Throwable thrown = failure;
    if (thrown != null) {
      fail(thrown);
    }
  }

  private void fail(Throwable why) {
    String schedule = trace.stream().map(Step::toString).collect(Collectors.joining("\n  "));
    throw new AssertionError(why.getMessage() + "\n  " + schedule, why);
  }

  /** From every state some end can be reached. */
  private void checkThatAllEnd() {
    int[] count = new int[states.size() + 1];
    for (int[] edge : edges) {
      count[edge[1] + 1]++;
    }
    for (int i = 1; i < count.length; i++) {
      count[i] += count[i - 1];
    }
    int[] at = count.clone();
    int[] into = new int[edges.size()];
    for (int[] edge : edges) {
      into[at[edge[1]]++] = edge[0];
    }
    boolean[] reaches = new boolean[states.size()];
    Deque<Integer> open = new ArrayDeque<>(ends);
    int reached = 0;
    while (!open.isEmpty()) {
      int state = open.removeLast();
      if (!reaches[state]) {
        reaches[state] = true;
        reached++;
        for (int i = count[state]; i < count[state + 1]; i++) {
          open.addLast(into[i]);
        }
      }
    }
    if (reached != states.size()) {
      failIn(firstWithout(reaches), states.size() - reached + " states lead to no end");
    }
  }

  private static int firstWithout(boolean[] marks) {
    int i = 0;
    while (marks[i]) {
      i++;
    }
    return i;
  }

  /** Fails with the schedule that leads to a state. */
  private void failIn(int state, String why) {
    Deque<Integer> schedule = new ArrayDeque<>();
    for (int at = state; origins.get(at)[0] >= 0; at = origins.get(at)[0]) {
      schedule.addFirst(origins.get(at)[1]);
    }
    World world = begin();
    for (int transition : schedule) {
      perform(transition);
    }
    abandon();
    fail(new AssertionError(why + ": " + world));
  }
}
