/**
 * What Datadog's Lambda libraries send, which look for Datadog's extension before they speak: a file or folder of
 * its name stands before them in a mount namespace of their own. Programs are named `lambda` in each language.
 */
import { assert, assertEquals } from "@std/assert";
import type { ReceivedPoint } from "../emulator/dataway.ts";
import type { ClientCase } from "./language.ts";
import type { ClientCommand, ClientRun } from "./run_client.ts";
import { checkPlatformSpans, TRACE_ENV } from "./platform_trace_scenario.ts";
import { checkAccount, parseObject, pick, pointsOf } from "./scenario.ts";

/** One library. */
export interface LambdaClient {
  readonly client: string;
  readonly program: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What the library takes for the extension. In Lambda a file must be one that can be run. */
  readonly marker: "folder" | "file";
  /** The library leaves the invocation's span to the extension and tells it of start and end. */
  readonly reports?: boolean;
  /** What calls the function. @default api */
  readonly event?: "api" | "queue";
  /** What the one span is called that is made of the event, by the library or by the extension. */
  readonly inferred: string;
  /** The library has distributions of its own. */
  readonly metric?: boolean;
  readonly expectedLog?: readonly RegExp[];
}

interface Caller {
  readonly service: string;
  readonly resource: string;
  readonly priority: string;
  readonly tags: { readonly http_method: string | undefined; readonly http_status_code: string | undefined };
}

/** What is known of each event's caller. */
const CALLERS: Readonly<Record<"api" | "queue", Caller>> = {
  api: {
    service: "a1.execute-api.eu-west-1.amazonaws.com",
    resource: "GET /orders",
    priority: "user_keep",
    tags: { http_method: "GET", http_status_code: "200" },
  },
  // X-Ray's header has no more than that it is sampled.
  queue: {
    service: "orders",
    resource: "orders",
    priority: "sampler_keep",
    tags: { http_method: undefined, http_status_code: undefined },
  },
};

/**
 * One invocation continues the trace of its event, a call of an HTTP API or a message of a queue: one span of that, one
 * `aws.lambda`, the handler's span below it.
 */
export function lambdaCase(options: LambdaClient): ClientCase {
  const { client, program, env, marker, reports = false, metric = false, inferred, event = "api" } = options;
  return {
    client,
    program,
    args: [event],
    protocol: reports ? "Lambda lifecycle, ddtrace" : "Lambda library, ddtrace, DogStatsD",
    env: { DD_SERVICE: "shop", ...env },
    extension: TRACE_ENV,
    setup: `a ${marker} \`/opt/extensions/datadog-agent\``,
    verified:
      `one span of the ${event === "api" ? "API" : "queue"} and one \`aws.lambda\` span${
        reports ? " made by the extension" : ""
      }, the event's trace continued, the handler's span below it, the platform's cold start beside it` +
      (metric ? ", a distribution" : ""),
    needs: [isolated(marker, { program: "true", args: [] })].map(({ program, args }) => [program, ...args]),
    wrap: (command) => isolated(marker, command),
    check: (run) => {
      checkTrace(run, reports, event);
      checkInferred(run, inferred, event);
      if (metric) {
        const sold = pointsOf(run, "metric", "shop").map(({ tags, fields }) => [
          tags.get("tier"),
          fields.get("sold_count"),
          fields.get("sold_sum"),
        ]);
        assertEquals(sold, [["gold", 1n, 2.5]]);
      }
      checkAccount(run, "ddtrace", pointsOf(run, "tracing", "ddtrace").length, options.expectedLog);
    },
  };
}

/** The command where `/opt` holds nothing but what the library looks for. */
function isolated(marker: LambdaClient["marker"], command: ClientCommand): ClientCommand {
  const make = marker === "folder" ? "mkdir" : "touch";
  const script = "mount -t tmpfs none /opt && mkdir /opt/extensions && " +
    `${make} /opt/extensions/datadog-agent && exec "$@"`;
  return {
    ...command,
    program: "unshare",
    args: ["--map-root-user", "--mount", "sh", "-c", script, "sh", command.program, ...command.args],
  };
}

/** Whoever makes the span of the trigger, it is there once, between the event's parent and the invocation. */
function checkInferred(run: ClientRun, operation: string, event: "api" | "queue"): void {
  const spans = pointsOf(run, "tracing", "ddtrace");
  const isInferred = ({ fields }: ReceivedPoint): boolean =>
    parseObject(JSON.stringify(parseObject(fields.get("message")).meta))["_inferred_span.tag_source"] ===
      "self";
  const [api, ...others] = spans.filter(isInferred);
  assert(api !== undefined && others.length === 0, `${others.length} inferred spans too many`);
  const { service, resource, tags, priority } = CALLERS[event];
  assertEquals(pick(api.tags, ["operation", "service", "sampling_rate", ...Object.keys(tags)]), {
    operation,
    service,
    sampling_rate: priority,
    ...tags,
  });
  assertEquals(pick(api.fields, ["resource", "parent_id", "start"]), {
    resource,
    parent_id: "987654321",
    start: 1_767_225_600_000_000n,
  });
  const root = spans.find(({ tags }) => tags.get("operation") === "aws.lambda");
  assertEquals(root?.fields.get("parent_id"), api.fields.get("span_id"));
}

function checkTrace(run: ClientRun, reports: boolean, event: "api" | "queue"): void {
  const spans = pointsOf(run, "tracing", "ddtrace");
  const named = (operation: string) => spans.filter(({ tags }) => tags.get("operation") === operation);
  const [root, ...others] = named("aws.lambda");
  assert(root !== undefined && others.length === 0, `${others.length} spans too many`);
  for (const { fields } of spans) assertEquals(fields.get("trace_id"), "1234567890");
  assertEquals(pick(root.tags, ["service", "status", "span_kind"]), {
    service: "shop",
    status: "ok",
    span_kind: "server",
  });
  assertEquals(root.fields.get("resource"), "checkout");
  const meta = parseObject(JSON.stringify(parseObject(root.fields.get("message")).meta));
  assertEquals(pick(new Map(Object.entries(meta)), ["request_id", "cold_start"]), {
    request_id: run.requestId,
    cold_start: "true",
  });
  // The span of the API is in between.
  const parents = new Map(spans.map(({ fields }) => [fields.get("span_id"), fields.get("parent_id")]));
  let parent = root.fields.get("parent_id");
  while (parents.has(parent)) parent = parents.get(parent);
  assertEquals(parent, "987654321");
  const top = spans.filter(({ fields }) => fields.get("parent_id") === "987654321");
  assertEquals(top.map(({ tags }) => tags.get("sampling_rate")), [CALLERS[event].priority]);

  const [work] = named("work");
  assert(work !== undefined);
  assertEquals(pick(work.fields, ["resource", "parent_id"]), {
    resource: "sell",
    parent_id: root.fields.get("span_id"),
  });
  checkPlatformSpans(run, root);
  if (!reports) return;
  assertEquals(root.tags.get("http_status_code"), CALLERS[event].tags.http_status_code);
  // Its time is the platform's: the whole invocation.
  const { fields, timeNs } = root;
  const durationUs = fields.get("duration");
  assert(timeNs <= run.startedNs && typeof durationUs === "bigint");
  assert(timeNs + durationUs * 1000n >= run.endedNs - 1_000_000_000n);
}
