/**
 * Which invocation a record is about. A request id alone does not tell: Lambda runs a failed asynchronous invocation
 * again under the same id, often in the same sandbox, and telemetry may come late, twice or out of order. So each id
 * has a list of invocations, told apart by their times: the retry comes a minute after the first run.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
import type { InvocationState, ToldEnd } from "./invocation_state.ts";

export interface InvocationTable {
  /** The invocation a new INVOKE begins; `undefined`: one that is not known yet. */
  findInvoked(requestId: string): InvocationState | undefined;
  /**
   * The second end of an earlier run of the request, which is told once, at its next INVOKE: by then it must be the
   * next run's, as what ends an invocation for good ends its sandbox.
   */
  takeSecondDone(requestId: string): ToldEnd | undefined;
  /** The invocation that a `platform.start` of that time begins. */
  findStarted(requestId: string, timeNs: bigint): InvocationState | undefined;
  /**
   * The invocation that a `platform.runtimeDone` or `platform.report` of that time ends. `beganNs` is the time less
   * the duration it tells.
   */
  findEnded(
    requestId: string,
    end: EndKind,
    timeNs: bigint,
    beganNs: bigint | undefined,
  ): InvocationState | undefined;
  /** The invocation in which something happened that has a time of its own, e.g. a line was written. */
  findAt(requestId: string, timeNs: bigint): InvocationState | undefined;
  /** INVOKEs of a request whose end was not told. */
  unended(requestId: string): readonly InvocationState[];
  /** Whether anything is known of a request. */
  has(requestId: string): boolean;
  add(invocation: InvocationState): void;
  remove(invocation: InvocationState): void;
  /** All, in the order in which they were first heard of. */
  all(): Iterable<InvocationState>;
  /** The one heard of last. */
  latest(): InvocationState | undefined;
  readonly size: number;
}

/** Which record ends an invocation; each has a time of its own. */
export type EndKind = "doneNs" | "reportNs";

/** A start this much later than a known one is another's, in ns. */
const ANOTHER_START_NS = 1_000_000_000n;
/**
 * A start this much later than an INVOKE is another's, in ns. INVOKEs are timed by the sandbox's clock and starts by the
 * platform's, which need not agree; the first retry comes after a minute.
 */
const ANOTHER_INVOKE_NS = 30_000_000_000n;

/** An empty table. */
export function createInvocationTable(): InvocationTable {
  /** In the order in which they were heard of: INVOKEs come one after another, even when the clock is set back. */
  const byId = new Map<string, InvocationState[]>();
  const all = new Set<InvocationState>();
  let latest: InvocationState | undefined;

  return {
    findInvoked: (requestId) => {
      const latest = byId.get(requestId)?.at(-1);
      return latest?.invokeNumber === undefined ? latest : undefined;
    },
    takeSecondDone: (requestId) => {
      let taken: ToldEnd | undefined;
      for (const invocation of byId.get(requestId) ?? []) {
        taken = invocation.secondDone ?? taken;
        invocation.secondDone = undefined;
      }
      return taken;
    },
    findStarted: (requestId, timeNs) => findStarted(byId.get(requestId) ?? [], timeNs),
    findEnded: (requestId, end, timeNs, beganNs) =>
      findEnded(byId.get(requestId) ?? [], end, timeNs, beganNs),
    findAt: (requestId, timeNs) => findAt(byId.get(requestId) ?? [], timeNs),
    unended: (requestId) =>
      (byId.get(requestId) ?? []).filter(({ invokeNumber, doneNs }) =>
        invokeNumber !== undefined && doneNs === undefined
      ),
    has: (requestId) => byId.has(requestId),
    add: (invocation) => {
      all.add(invocation);
      latest = invocation;
      const list = byId.get(invocation.requestId);
      if (list === undefined) byId.set(invocation.requestId, [invocation]);
      else list.push(invocation);
    },
    remove: (invocation) => {
      all.delete(invocation);
      const rest = byId.get(invocation.requestId)?.filter((other) => other !== invocation) ?? [];
      if (rest.length === 0) byId.delete(invocation.requestId);
      else byId.set(invocation.requestId, rest);
    },
    all: () => all,
    latest: () => latest,
    get size() {
      return all.size;
    },
  };
}

function findStarted(list: readonly InvocationState[], timeNs: bigint): InvocationState | undefined {
  const known = list.find((invocation) => invocation.started && invocation.startNs === timeNs);
  if (known !== undefined) return known;
  // As long before as it may be: a runtimeDone without a duration does not tell when it all began.
  const waiting = list.filter(({ started, doneNs, startNs }) =>
    !started && (doneNs === undefined || timeNs <= doneNs) && timeNs < startNs + ANOTHER_INVOKE_NS
  );
  if (waiting.length > 0) return nearest(waiting, timeNs);
  // The same start told with another time: only while that invocation goes on.
  return list.find(({ startNs, doneNs }) =>
    timeNs > startNs - ANOTHER_START_NS && timeNs < startNs + ANOTHER_START_NS &&
    (doneNs === undefined || timeNs <= doneNs)
  );
}

function findEnded(
  list: readonly InvocationState[],
  end: EndKind,
  timeNs: bigint,
  beganNs: bigint | undefined,
): InvocationState | undefined {
  const known = list.find((invocation) => invocation[end] === timeNs);
  if (known !== undefined) return known;
  // A second word on the same end, of another time, is rare: one that is not ended yet is meant first.
  const open = list.filter((invocation) => invocation[end] === undefined);
  if (beganNs === undefined) {
    return open.find((invocation) => end === "reportNs" && isDone(invocation)) ??
      findAt(open.length > 0 ? open : list, timeNs);
  }
  // One that began long before is not meant, even if its own end was lost.
  const near = open.filter(({ startNs }) => beganNs < startNs + ANOTHER_INVOKE_NS);
  // One that had ended before this began is not meant: that is a retry of which nothing else is known yet. A duration
  // is cut at the function's time-out, and its record made when there was time for it: hence the tolerance. Nor is one
  // that had not begun by then: the clock was set back before the retry.
  const ended = list.filter((invocation) => {
    const endNs = invocation[end];
    return endNs !== undefined && beganNs < endNs + ANOTHER_START_NS &&
      (!invocation.started || timeNs > invocation.startNs - ANOTHER_START_NS);
  });
  return nearest(near, beganNs) ?? nearest(ended, beganNs);
}

function findAt(heard: readonly InvocationState[], timeNs: bigint): InvocationState | undefined {
  if (heard.length === 1) return heard[0];
  const list = heard.toSorted((a, b) => a.startNs < b.startNs ? -1 : a.startNs > b.startNs ? 1 : 0);
  for (let index = list.length - 1; index > 0; index--) {
    const invocation = list[index];
    const before = list[index - 1];
    if (invocation === undefined || before === undefined) continue;
    // Of one without a start only INVOKE is known, which comes a little later: the end of the one before parts them.
    const beganNs = invocation.started
      ? invocation.startNs
      : before.doneNs ?? invocation.startNs - ANOTHER_START_NS;
    if (timeNs > beganNs || (invocation.started && timeNs === beganNs)) return invocation;
  }
  return list[0];
}

function isDone(invocation: InvocationState): boolean {
  return invocation.doneNs !== undefined;
}

function nearest(list: readonly InvocationState[], timeNs: bigint): InvocationState | undefined {
  let best: InvocationState | undefined;
  for (const invocation of list) {
    if (best === undefined || distance(invocation, timeNs) <= distance(best, timeNs)) best = invocation;
  }
  return best;
}

function distance({ startNs }: InvocationState, timeNs: bigint): bigint {
  return startNs < timeNs ? timeNs - startNs : startNs - timeNs;
}
