/** What the program really emits, by measurement: taken from sandboxes in an emulated Lambda. */
import { createLedger } from "../../../src/pipeline/ledger.ts";
import { createSelfMetrics } from "../../../src/pipeline/self_metrics.ts";
import { DROPPED, REFUSED } from "../../../layer/guance/figures.ts";
import { startSandbox } from "../../support/sandbox.ts";
import { inProcessExtension } from "../../support/extension.ts";
import { pointsOf } from "../../support/points.ts";
import type { Lambda } from "../../emulator/lambda.ts";
import type { LambdaOptions } from "../../emulator/options.ts";
import { freePort } from "../../support/loopback.ts";

/** Names of the tags and fields of one measurement. */
export interface Emitted {
  readonly tags: Set<string>;
  readonly fields: Set<string>;
}

/** By namespace and measurement, such as `metric awslambda-metric`; spans of all services are `tracing *`. */
export type EmittedNames = ReadonlyMap<string, Emitted>;

/** Every kind of ending, a SnapStart restore, lost logs, and a span: what each leaves in Dataway. */
export async function readEmitted(): Promise<EmittedNames> {
  const names = new Map<string, Emitted>();
  const note = (key: string, tags: Iterable<string>, fields: Iterable<string>): void => {
    const emitted = names.get(key) ?? { tags: new Set(), fields: new Set() };
    for (const tag of tags) emitted.tags.add(tag);
    for (const field of fields) emitted.fields.add(field);
    names.set(key, emitted);
  };
  const inSandbox = async (options: LambdaOptions, run: (lambda: Lambda) => Promise<void>): Promise<void> => {
    await using sandbox = await startSandbox({ reportDelivery: "immediate", ...options });
    await sandbox.lambda.init();
    await run(sandbox.lambda);
    await sandbox.lambda.shutdown();
    for (const { category, measurement, tags, fields } of sandbox.dataway.points()) {
      const source = category === "tracing" ? "*" : measurement;
      note(`${category} ${source}`, tags.keys(), fields.keys());
    }
  };
  await inSandbox({}, async (lambda) => {
    await lambda.invoke({ logs: ["a line"], response: "x", sleepMs: 5 });
    for (const outcome of ["error", "oom_reported"] as const) await lambda.invoke({ outcome });
    await lambda.invoke();
  });
  await inSandbox({ timeoutMs: 300 }, async (lambda) => {
    await lambda.invoke({ outcome: "hang" });
    await lambda.invoke();
  });
  await inSandbox({ initializationType: "snap-start" }, async (lambda) => {
    await lambda.invoke();
  });
  const usage = inProcessExtension({
    ENV_AWSLAMBDA_ESTIMATED_COST: "true",
    ENV_AWSLAMBDA_USAGE: "true",
  });
  await inSandbox({ extension: usage }, async (lambda) => {
    await lambda.invoke();
    await lambda.invoke();
  });
  await inSandbox({}, async (lambda) => {
    lambda.emit("platform.logsDropped", { droppedBytes: 100, droppedRecords: 2, reason: "test" });
    await lambda.invoke();
  });
  const port = freePort();
  const extension = inProcessExtension({
    ENV_DEFAULT_ENABLED_INPUTS: "awslambda,opentelemetry",
    ENV_INPUT_OTEL_HTTP: `127.0.0.1:${port}`,
    ENV_INPUT_OTEL_GRPC: "off",
  });
  await inSandbox({ extension }, async (lambda) => {
    await lambda.invoke();
    await sendSpan(port);
    await lambda.invoke();
  });
  for (const { tags, fields } of ownPoints()) note("metric awslambda-extension", tags, fields);
  return names;
}

/** The ledger with every reason in it: no sandbox brings all of them about. */
function ownPoints(): readonly { tags: Iterable<string>; fields: Iterable<string> }[] {
  const ledger = createLedger();
  ledger.received("otlp", "tracing", 99);
  ledger.exported("otlp", "tracing", 9);
  for (const reason of reasonsOf(DROPPED)) ledger.dropped("otlp", "tracing", reason);
  for (const reason of reasonsOf(REFUSED)) ledger.refused("otlp", reason);
  const lease = createSelfMetrics({
    ledger,
    store: { held: () => 1, heldBytes: 1 },
    spool: { held: () => 1, bytes: 1, recovered: 1, torn: 1, gone: 1 },
    intervalMs: 0,
    now: () => 1,
  }).take(true);
  const points = lease === undefined ? [] : pointsOf(lease.batch);
  return points.map(({ tags, fields }) => ({ tags: tags.keys(), fields: fields.keys() }));
}

function reasonsOf<T extends string>(reasons: Readonly<Record<T, unknown>>): T[] {
  const isReason = (name: string): name is T => Object.hasOwn(reasons, name);
  return Object.keys(reasons).filter(isReason);
}

async function sendSpan(port: number): Promise<void> {
  const span = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name: "GET /orders",
    kind: 2,
    startTimeUnixNano: "1700000000000000000",
    endTimeUnixNano: "1700000000010000000",
    status: { code: 2, message: "failed" },
  };
  const attributes = [{ key: "service.name", value: { stringValue: "orders" } }];
  const body = { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }] };
  const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`Cannot send a span: the status is ${response.status}`);
}
