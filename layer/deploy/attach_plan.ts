/** What is to be done to one function, and why not: asks Lambda and IAM, changes nothing. */
import { messageOf } from "../attest/check_result.ts";
import {
  attach,
  type AttachRecord,
  describeChange,
  type Destination,
  destinationIn,
  detach,
  type FunctionSettings,
  undo,
} from "./attach_change.ts";
import { describeUnmeasured, IMAGE_OBJECTION, objections } from "./attach_checks.ts";
import type { AttachAction } from "./attach_options.ts";
import { AwsError } from "./aws_error.ts";
import { chooseLayer, type LayerSource } from "./layer_choice.ts";
import type { RoleRight } from "./role_right.ts";

/** A function as Lambda describes it. */
export interface FunctionState {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  readonly packageType: string;
  readonly architecture: string;
  /** Undefined for container images. */
  readonly runtime: string | undefined;
  /** ARN of its role. */
  readonly role: string;
  readonly settings: FunctionSettings;
  /** Refuses the update if somebody else made one in between. */
  readonly revisionId: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
  /** Why the tags could not be read. */
  readonly tagsError: string | undefined;
  /** Signed URL of its code: a secret. */
  readonly codeLocation: string | undefined;
  /** Whether an update is under way. */
  readonly isUpdating: boolean;
  /** Why the last update did not come into effect. */
  readonly updateFailure: string | undefined;
}

/** A layer version as Lambda describes it. */
export interface LayerVersionFacts {
  /** None when the layer's region does not know the field. */
  readonly architectures: readonly string[];
  readonly description: string;
  /** Undefined: could not be measured. */
  readonly unpackedBytes: number | undefined;
}

/** Lambda and IAM of one region. Every call may throw an `AwsError`. */
export interface FunctionService {
  /** Names of all functions of the region. */
  names(): Promise<readonly string[]>;
  read(name: string): Promise<FunctionState>;
  /** Tried once, unless it was throttled: whether a call without an answer took effect is for the caller to find out. */
  update(state: FunctionState, settings: FunctionSettings): Promise<void>;
  layerVersion(arn: string): Promise<LayerVersionFacts>;
  /** The newest version of the layer whose description names this version of the extension. */
  findLayerVersion(layerArn: string, extensionVersion: string): Promise<string | undefined>;
  /** Unpacked size of the archive at a signed URL in bytes; undefined: could not be measured. */
  measure(location: string | undefined): Promise<number | undefined>;
  roleRight(state: FunctionState, reference: string): Promise<RoleRight>;
}

/** What is wished of every function. */
export interface Wish {
  readonly action: AttachAction;
  readonly source: LayerSource;
  readonly destination: Destination;
  readonly checksRole: boolean;
  readonly readRecord: (arn: string) => Promise<AttachRecord | undefined>;
}

/** What is to be done to a function. */
export interface Plan {
  readonly state: "change" | "same" | "skip";
  readonly function: FunctionState;
  /** Equal to the present ones unless the state is `change`. */
  readonly after: FunctionSettings;
  /** The layer version that it shall have; undefined when none was chosen. */
  readonly layer: string | undefined;
  /** Why it is skipped. */
  readonly reasons: readonly string[];
  /** Worth knowing before it is done. */
  readonly notes: readonly string[];
  /** What is known of the role's right to read the secret, when it is not simply there. */
  readonly right: RoleRight | undefined;
}

/** CloudFormation's own tag on what it manages. */
const STACK_TAG = "aws:cloudformation:stack-name";

/** The plan for one function. Throws an `AwsError` when Lambda does not say what is needed for it. */
export async function planFunction(
  service: FunctionService,
  state: FunctionState,
  wish: Wish,
): Promise<Plan> {
  const skip = (...reasons: string[]): Plan => ({ ...unchanged(state), state: "skip", reasons });
  if (wish.action === "undo") {
    const record = await wish.readRecord(state.arn);
    if (record === undefined) {
      return skip("there is no record of an attach from this machine: --detach needs none");
    }
    return compared(state, undo(state.settings, record), undefined);
  }
  if (wish.action === "detach") return compared(state, detach(state.settings, wish.source.pinned), undefined);
  if (state.packageType === "Image") return skip(IMAGE_OBJECTION);
  let layer: string;
  let after: FunctionSettings;
  const destination = destinationIn(wish.destination, state.region);
  try {
    layer = await findLayer(service, state, wish.source);
    after = attach(state.settings, layer, destination);
  } catch (error) {
    if (error instanceof AwsError) throw error;
    return skip(messageOf(error));
  }
  const plan = compared(state, after, layer);
  if (plan.state !== "same") return await checked(service, plan, destination, wish);
  const right = await missingRight(service, state, destination, wish);
  return {
    ...plan,
    right,
    notes: [...plan.notes, ...right?.state === "denied" ? [describeRight(state, right)] : []],
  };
}

async function findLayer(
  service: FunctionService,
  state: FunctionState,
  source: LayerSource,
): Promise<string> {
  const choice = chooseLayer(source, state.region, state.architecture);
  if ("arn" in choice) return choice.arn;
  const { layerArn, extensionVersion } = choice;
  const found = await service.findLayerVersion(layerArn, extensionVersion);
  if (found !== undefined) return found;
  throw new Error(`no version of ${layerArn} says that it is of the extension ${extensionVersion}`);
}

/** Whether Lambda would take the change, the function would start, and the extension could read its destination. */
async function checked(
  service: FunctionService,
  plan: Plan,
  destination: Destination,
  wish: Wish,
): Promise<Plan> {
  const { function: state, after, layer = "" } = plan;
  const facts = {
    ...state,
    layerArchitectures: (await service.layerVersion(layer)).architectures,
    layerDescription: (await service.layerVersion(layer)).description,
    unpackedBytes: await measureAll(service, state, after),
  };
  const reasons = [...objections(after, layer, facts)];
  const right = await missingRight(service, state, destination, wish);
  if (right?.state === "denied") reasons.push(describeRight(state, right));
  const checkedPlan = { ...plan, notes: [...plan.notes, ...describeUnmeasured(facts)], right };
  return reasons.length === 0
    ? checkedPlan
    : { ...checkedPlan, state: "skip", after: state.settings, reasons };
}

/** What the role lacks to read the secret, or what is not known of that; undefined when it lacks nothing. */
async function missingRight(
  service: FunctionService,
  state: FunctionState,
  destination: Destination,
  { checksRole }: Wish,
): Promise<RoleRight | undefined> {
  if (destination.kind !== "secret" || !checksRole) return undefined;
  const right = await service.roleRight(state, destination.reference);
  return right.state === "allowed" ? undefined : right;
}

function describeRight({ role }: FunctionState, { detail }: RoleRight): string {
  return `its role ${role} may not read the secret: ${detail}`;
}

async function measureAll(
  service: FunctionService,
  { codeLocation }: FunctionState,
  { layers }: FunctionSettings,
): Promise<ReadonlyMap<string, number | undefined>> {
  const sizes = new Map([["the code", await service.measure(codeLocation)]]);
  for (const arn of layers) {
    // Another's layer may be closed to us; the function has it all the same.
    const facts = await service.layerVersion(arn).catch(() => undefined);
    sizes.set(arn, facts?.unpackedBytes);
  }
  return sizes;
}

function compared(state: FunctionState, after: FunctionSettings, layer: string | undefined): Plan {
  const isChange = describeChange(state.settings, after).length > 0;
  const stack = state.tags.get(STACK_TAG);
  const notes = isChange && stack !== undefined
    ? [`belongs to the CloudFormation stack ${stack}: its next deployment may take this back`]
    : [];
  return { ...unchanged(state), state: isChange ? "change" : "same", after, layer, notes };
}

function unchanged(state: FunctionState): Plan {
  return {
    state: "same",
    function: state,
    after: state.settings,
    layer: undefined,
    reasons: [],
    notes: [],
    right: undefined,
  };
}
