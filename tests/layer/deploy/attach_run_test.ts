/** Many functions at once against a Lambda that lives in memory: what a fault leaves behind. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { AttachRecord, FunctionSettings } from "../../../layer/deploy/attach_change.ts";
import type { FunctionService, FunctionState, Wish } from "../../../layer/deploy/attach_plan.ts";
import type { RecordStore } from "../../../layer/deploy/attach_record.ts";
import { exitCodeOf } from "../../../layer/deploy/attach_report.ts";
import {
  type AttachOutcome,
  type AttachRunOptions,
  changeAll,
  planAll,
} from "../../../layer/deploy/attach_run.ts";
import { AwsError } from "../../../layer/deploy/aws_error.ts";

const REGION = "eu-west-1";
const LAYER = `arn:aws:lambda:${REGION}:123456789012:layer:datakit-x86_64:2`;
const URL = "https://openway.example.com?token=tkn_a";
const arnOf = (name: string): string => `arn:aws:lambda:${REGION}:123456789012:function:${name}`;
const refusal = (code: string, isPassing = false): AwsError =>
  new AwsError(`refused: ${code}`, code, isPassing, "lambda:UpdateFunctionConfiguration");

/** What `update` does instead of changing the function; `then` changes it all the same. */
type Fault = { readonly error: AwsError; readonly then?: boolean } | { readonly failure: string };

interface World {
  readonly options: AttachRunOptions;
  readonly settings: Map<string, FunctionSettings>;
  readonly records: Map<string, AttachRecord>;
  readonly faults: Map<string, Fault[]>;
  readonly controller: AbortController;
}

function createWorld(names: readonly string[], action: Wish["action"] = "attach"): World {
  const settings = new Map(names.map((name): [string, FunctionSettings] => [
    name,
    { layers: [], variables: new Map() },
  ]));
  const records = new Map<string, AttachRecord>();
  const faults = new Map<string, Fault[]>();
  const failures = new Map<string, string>();
  const controller = new AbortController();
  const change = (name: string, after: FunctionSettings): void => void settings.set(name, after);
  const store: RecordStore = {
    read: (arn) => Promise.resolve(records.get(arn)),
    write: (arn, record) => Promise.resolve(void records.set(arn, record)),
    remove: (arn) => Promise.resolve(void records.delete(arn)),
  };
  const service: FunctionService = {
    names: () => Promise.resolve(Array.from(settings.keys())),
    read: (name) => Promise.resolve(stateOf(name, settings.get(name), failures.get(name))),
    update({ name }, after): Promise<void> {
      const fault = faults.get(name)?.shift();
      if (fault === undefined) return Promise.resolve(change(name, after));
      if ("failure" in fault) {
        failures.set(name, fault.failure);
        return Promise.resolve();
      }
      if (fault.then === true) change(name, after);
      return Promise.reject(fault.error);
    },
    layerVersion: () => Promise.resolve({ architectures: [], description: "", unpackedBytes: 1 }),
    findLayerVersion: () => Promise.resolve(undefined),
    measure: () => Promise.resolve(1),
    roleRight: () => Promise.resolve({ state: "allowed", statements: [], detail: "" }),
  };
  return {
    settings,
    records,
    faults,
    controller,
    options: {
      regions: [REGION],
      selection: { named: [], isListing: true, pattern: undefined, tags: [], exclude: [] },
      wish: {
        action,
        source: { pinned: [LAYER], listed: [], extensionVersion: undefined },
        destination: { kind: "url", url: URL },
        checksRole: true,
        readRecord: store.read,
      },
      records: store,
      serviceFor: () => service,
      parallel: 1,
      sleep: () => Promise.resolve(),
      signal: controller.signal,
      log: () => {},
    },
  };
}

function stateOf(
  name: string,
  settings: FunctionSettings | undefined,
  failure: string | undefined,
): FunctionState {
  if (settings === undefined) {
    throw new AwsError("x", "ResourceNotFoundException", false, "lambda:GetFunction");
  }
  return {
    name,
    arn: arnOf(name),
    region: REGION,
    packageType: "Zip",
    architecture: "x86_64",
    runtime: "nodejs22.x",
    role: "r",
    settings,
    revisionId: undefined,
    tags: new Map(),
    tagsError: undefined,
    codeLocation: undefined,
    isUpdating: false,
    updateFailure: failure,
  };
}

async function attachAll({ options }: World): Promise<readonly AttachOutcome[]> {
  return await changeAll((await planAll(options)).jobs, options);
}

const statesOf = (outcomes: readonly AttachOutcome[]): readonly string[] =>
  outcomes.map(({ state }) => state);

Deno.test("changeAll counts a lost answer that was a yes as changed, and keeps the way back", async () => {
  const world = createWorld(["a"]);
  world.faults.set("a", [{ error: refusal("ServiceException", true), then: true }]);
  assertEquals(statesOf(await attachAll(world)), ["changed"]);
  assertEquals(world.records.get(arnOf("a"))?.variables, [["ENV_DATAWAY", undefined, URL]]);
});

Deno.test("changeAll plans again, with what somebody else has set meanwhile", async () => {
  const world = createWorld(["a"]);
  const { jobs } = await planAll(world.options);
  world.settings.set("a", { layers: ["other"], variables: new Map([["TABLE", "t"]]) });
  world.faults.set("a", [{ error: refusal("PreconditionFailedException") }]);
  assertEquals(statesOf(await changeAll(jobs, world.options)), ["changed"]);
  assertEquals(world.settings.get("a"), {
    layers: ["other", LAYER],
    variables: new Map([["TABLE", "t"], ["ENV_DATAWAY", URL]]),
  });
});

Deno.test("changeAll gives up a function that is never let in, and goes on with the next", async () => {
  const world = createWorld(["a", "b"]);
  world.faults.set("a", Array.from({ length: 9 }, () => ({ error: refusal("ResourceConflictException") })));
  const outcomes = await attachAll(world);
  assertEquals(statesOf(outcomes), ["failed", "changed"]);
  assertEquals(exitCodeOf(outcomes, []), 1);
});

Deno.test("changeAll leaves the record of the last attach when a new one is refused", async () => {
  const world = createWorld(["a"]);
  const previous: AttachRecord = { layer: "old", replaced: undefined, variables: [] };
  world.records.set(arnOf("a"), previous);
  world.faults.set("a", [{ error: refusal("AccessDeniedException") }]);
  assertEquals(statesOf(await attachAll(world)), ["failed"]);
  assertEquals(world.records.get(arnOf("a")), previous);
  const fresh = createWorld(["a"]);
  fresh.faults.set("a", [{ error: refusal("AccessDeniedException") }]);
  await attachAll(fresh);
  assertEquals(fresh.records.size, 0);
});

Deno.test("changeAll tells a change that Lambda took and could not put into effect", async () => {
  const world = createWorld(["a"]);
  world.faults.set("a", [{ failure: "The role is not there" }]);
  const [outcome] = await attachAll(world);
  assertEquals(outcome?.state, "failed");
  assertStringIncludes(outcome?.reasons[0] ?? "", "The role is not there");
});

Deno.test("changeAll begins nothing else once it is stopped, and says what it did not begin", async () => {
  const world = createWorld(["a", "b", "c"]);
  const { jobs } = await planAll(world.options);
  const options = { ...world.options, log: () => world.controller.abort() };
  const outcomes = await changeAll(jobs, options);
  assertEquals(statesOf(outcomes), ["changed", "not begun", "not begun"]);
  assertEquals([exitCodeOf(outcomes, []), world.settings.get("b")?.layers], [1, []]);
});

Deno.test("planAll with check calls what is not as wished drifted, and changes nothing", async () => {
  const world = createWorld(["a", "b"], "check");
  world.settings.set("a", { layers: [LAYER], variables: new Map([["ENV_DATAWAY", URL]]) });
  const outcomes = (await planAll(world.options)).jobs.map(({ outcome }) => outcome);
  assertEquals(statesOf(outcomes), ["unchanged", "drifted"]);
  assertEquals(exitCodeOf(outcomes, []), 1);
});
