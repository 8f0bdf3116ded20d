/** Plans and changes many functions in many regions, several at once; one that fails stops none of the others. */
import { messageOf } from "../attest/check_result.ts";
import { describeChange, recordOf } from "./attach_change.ts";
import {
  type FunctionService,
  type FunctionState,
  type Plan,
  planFunction,
  type Wish,
} from "./attach_plan.ts";
import type { RecordStore } from "./attach_record.ts";
import { hasTags, isNameChosen, namedIn, type Selection } from "./attach_targets.ts";
import { AwsError } from "./aws_error.ts";
import type { RoleRight } from "./role_right.ts";

/** What became of one function. */
export type AttachState =
  | "changed"
  | "planned"
  | "drifted"
  | "unchanged"
  | "skipped"
  | "failed"
  | "not begun";

/** One function's line of the result. */
export interface AttachOutcome {
  readonly region: string;
  readonly name: string;
  /** Whether it was named outright: then it is a fault that it is skipped. */
  readonly isNamed: boolean;
  /** Undefined when it could not be read. */
  readonly arn: string | undefined;
  readonly state: AttachState;
  readonly layer: string | undefined;
  /** The difference, secrets left out. */
  readonly changes: readonly string[];
  /** Why it was skipped or failed. */
  readonly reasons: readonly string[];
  readonly notes: readonly string[];
  readonly role: string | undefined;
  readonly right: RoleRight | undefined;
}

/** A region whose functions could not even be listed. */
export interface RegionFailure {
  readonly region: string;
  readonly reason: string;
  /** Whether it may be that the account has not enabled the region. */
  readonly isUnknownThere: boolean;
}

export interface AttachRunOptions {
  readonly regions: readonly string[];
  readonly selection: Selection;
  readonly wish: Wish;
  readonly records: RecordStore;
  readonly serviceFor: (region: string) => FunctionService;
  /** Functions of each region under way at once. */
  readonly parallel: number;
  readonly sleep: (ms: number) => Promise<void>;
  /** When aborted, what has begun is finished and nothing else is begun. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** A function with its plan, or with the outcome that is already certain. */
export interface Job {
  readonly service: FunctionService;
  readonly outcome: AttachOutcome;
  readonly plan: Plan | undefined;
  /** There is no such function in the region. */
  readonly isAbsent: boolean;
}

const MAX_ATTEMPTS = 4;
const POLL_MS = 1000;
const SETTLE_LIMIT_POLLS = 120;
/** What says that the function is no longer as it was read. */
const STALE: ReadonlySet<string> = new Set(["PreconditionFailedException", "ResourceConflictException"]);
const PROGRESS_STEP = 50;

/** The plan for every function that is meant, in the order of regions and names. Never throws for what AWS says. */
export async function planAll(
  options: AttachRunOptions,
): Promise<{ readonly jobs: readonly Job[]; readonly failures: readonly RegionFailure[] }> {
  const failures: RegionFailure[] = [];
  const targets = await mapAll(options.regions, options.regions.length, async (region) => {
    try {
      return await findTargets(options.serviceFor(region), region, options);
    } catch (error) {
      const isUnknownThere = error instanceof AwsError && error.isUnknownCredentials;
      failures.push({ region, reason: messageOf(error), isUnknownThere });
      options.log(`${region}: ${messageOf(error)}`);
      return [];
    }
  });
  const all = targets.flat();
  let looked = 0;
  const jobs = await mapEachRegion(all, options.parallel, async (target) => {
    const job = await planJob(target, options);
    looked++;
    if (looked % PROGRESS_STEP === 0) options.log(`looked at ${looked} of ${all.length}`);
    return job;
  });
  // A name that is found in one region need not be in all of them.
  const found = new Set(jobs.filter(({ isAbsent }) => !isAbsent).map(({ outcome }) => outcome.name));
  return { jobs: jobs.filter(({ isAbsent, outcome }) => !isAbsent || !found.has(outcome.name)), failures };
}

/** Makes the planned changes. One outcome for each job, in their order. Never throws for what AWS says. */
export async function changeAll(
  jobs: readonly Job[],
  options: AttachRunOptions,
): Promise<readonly AttachOutcome[]> {
  const count = jobs.filter(({ plan }) => plan?.state === "change").length;
  let done = 0;
  const inRegions = jobs.map((job) => ({ ...job, region: job.outcome.region }));
  return await mapEachRegion(inRegions, options.parallel, async ({ service, plan, outcome }) => {
    if (plan?.state !== "change") return outcome;
    if (options.signal.aborted) return { ...outcome, state: "not begun" };
    const result = await changeOne(service, plan, outcome, options);
    done++;
    options.log(
      `[${done}/${count}] ${
        [`${result.region} ${result.name}: ${result.state}`, ...result.reasons].join("; ")
      }`,
    );
    return result;
  });
}

interface Target {
  readonly service: FunctionService;
  readonly region: string;
  readonly name: string;
  readonly isNamed: boolean;
}

async function findTargets(
  service: FunctionService,
  region: string,
  { selection, log }: AttachRunOptions,
): Promise<readonly Target[]> {
  const named = namedIn(selection, region);
  const names = selection.isListing ? await service.names() : [];
  const listed = names.filter((name) => isNameChosen(selection, name) && !named.includes(name)).sort();
  const targets = [
    ...named.map((name) => ({ service, region, name, isNamed: true })),
    ...listed.map((name) => ({ service, region, name, isNamed: false })),
  ];
  if (selection.isListing) log(`${region}: ${names.length} functions, ${targets.length} to look at`);
  return targets;
}

/** Undefined when the function is not meant after all. */
async function planJob(
  target: Target,
  { selection, wish, signal }: AttachRunOptions,
): Promise<Job | undefined> {
  const { service, name, isNamed } = target;
  const job = (outcome: AttachOutcome, plan?: Plan, isAbsent = false): Job => ({
    service,
    outcome,
    plan,
    isAbsent,
  });
  if (signal.aborted) return job(outcomeWithout(target, "not begun", []));
  try {
    const state = await service.read(name);
    if (!isNamed && selection.tags.length > 0 && state.tagsError !== undefined) {
      throw new Error(`its tags cannot be read: ${state.tagsError} (lambda:ListTags is needed)`);
    }
    if (!isNamed && !hasTags(selection, state.tags)) return undefined;
    const plan = await planFunction(service, state, wish);
    return job(toOutcome(plan, isNamed, wish), plan);
  } catch (error) {
    const isAbsent = error instanceof AwsError && error.isNotFound && error.action === "lambda:GetFunction";
    if (isAbsent && !isNamed) return undefined; // deleted since it was listed
    return job(outcomeWithout(target, "failed", [messageOf(error)]), undefined, isAbsent);
  }
}

async function changeOne(
  service: FunctionService,
  planned: Plan,
  outcome: AttachOutcome,
  options: AttachRunOptions,
): Promise<AttachOutcome> {
  const { wish, records } = options;
  const { arn, name } = planned.function;
  const previous = await records.read(arn);
  try {
    let plan = planned;
    for (let attempt = 1; !await isTaken(service, plan, options, attempt === MAX_ATTEMPTS); attempt++) {
      plan = await planFunction(service, await settled(service, name, options), wish);
      if (plan.state === "same") return { ...outcome, state: "changed" }; // the lost answer was a yes
      if (plan.state === "skip") throw new Error(`it was changed meanwhile: ${plan.reasons.join("; ")}`);
    }
    const { updateFailure } = await settled(service, name, options);
    if (updateFailure !== undefined) {
      throw new Error(`Lambda could not put the change into effect: ${updateFailure}`);
    }
    if (wish.action !== "attach") await records.remove(arn);
    return { ...outcome, state: "changed" };
  } catch (error) {
    if (error instanceof AwsError && error.isRefusal && wish.action === "attach") {
      await (previous === undefined ? records.remove(arn) : records.write(arn, previous));
    }
    return { ...outcome, state: "failed", reasons: [messageOf(error)] };
  }
}

/** Whether Lambda has taken the change; false when that is not certain, or the function is not as it was planned for. */
async function isTaken(
  service: FunctionService,
  { function: state, after, layer }: Plan,
  { wish, records }: AttachRunOptions,
  isLast: boolean,
): Promise<boolean> {
  // Before the change: if the answer is lost, the way back is not.
  if (wish.action === "attach" && layer !== undefined) {
    await records.write(state.arn, recordOf(state.settings, after, layer));
  }
  try {
    await service.update(state, after);
    return true;
  } catch (error) {
    if (!isLast && error instanceof AwsError && (error.isPassing || STALE.has(error.code))) return false;
    throw error;
  }
}

/** The function once no update of it is under way. */
async function settled(
  service: FunctionService,
  name: string,
  { sleep }: AttachRunOptions,
): Promise<FunctionState> {
  for (let poll = 1;; poll++) {
    const state = await service.read(name);
    if (!state.isUpdating) return state;
    if (poll === SETTLE_LIMIT_POLLS) throw new Error("Cannot wait longer for the function's update to end");
    await sleep(POLL_MS);
  }
}

function toOutcome(plan: Plan, isNamed: boolean, { action }: Wish): AttachOutcome {
  const { function: state, after, layer, reasons, notes, right } = plan;
  const { region, name, arn, role } = state;
  const isCheck = action === "check";
  const states = {
    change: isCheck ? "drifted" : "planned",
    // A role that has lost its right leaves the settings as they were, and sends nothing.
    same: isCheck && right?.state === "denied" ? "drifted" : "unchanged",
    skip: "skipped",
  } as const;
  const changes = describeChange(state.settings, after);
  return {
    region,
    name,
    isNamed,
    arn,
    state: states[plan.state],
    layer,
    changes,
    reasons,
    notes,
    role,
    right,
  };
}

/** Of a function that was not looked at. */
function outcomeWithout(
  { region, name, isNamed }: Target,
  state: AttachState,
  reasons: readonly string[],
): AttachOutcome {
  const nothing = {
    arn: undefined,
    layer: undefined,
    changes: [],
    notes: [],
    role: undefined,
    right: undefined,
  };
  return { region, name, isNamed, state, reasons, ...nothing };
}

/** As `mapAll`, with `parallel` items of each region under way at once: quotas are a region's own. */
async function mapEachRegion<T extends { readonly region: string }, R>(
  items: readonly T[],
  parallel: number,
  work: (item: T) => Promise<R | undefined>,
): Promise<R[]> {
  const regions = Array.from(Map.groupBy(items, ({ region }) => region).values());
  return (await Promise.all(regions.map((members) => mapAll(members, parallel, work)))).flat();
}

/** Results but undefined ones in the order of the items, `parallel` of them under way at once. */
async function mapAll<T, R>(
  items: readonly T[],
  parallel: number,
  work: (item: T) => Promise<R | undefined>,
): Promise<R[]> {
  const results = new Map<number, R | undefined>();
  let next = 0;
  const run = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results.set(index, await work(item));
    }
  };
  await Promise.all(Array.from({ length: parallel }, run));
  return items.flatMap((_, index) => {
    const result = results.get(index);
    return result === undefined ? [] : [result];
  });
}
