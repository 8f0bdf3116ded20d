/**
 * How an intake answers an upload that it took: some exporters read the answer, and take another for a failure. Each
 * row was taken from the intake's public documentation.
 */
import type { ReplyDetails } from "../scripted_server.ts";

/** Whose protocol a path belongs to. */
export type IntakeName =
  | "Dataway"
  | "OTLP"
  | "Datadog"
  | "New Relic"
  | "Splunk"
  | "Elastic"
  | "Loki"
  | "unknown";

interface Intake {
  readonly name: IntakeName;
  readonly path: RegExp;
  readonly status: number;
  /** The body in the form of the request's own type. */
  readonly body: (contentType: string) => string;
}

const NOTHING = (): string => "";
const EMPTY_OBJECT = (): string => "{}";
const requestId = (): string => JSON.stringify({ requestId: crypto.randomUUID() });

/** The first that matches. */
const INTAKES: readonly Intake[] = [
  { name: "Dataway", path: /\/v1\/write\/[a-z_]+$/, status: 200, body: NOTHING },
  // An empty message of protobuf is no bytes at all.
  {
    name: "OTLP",
    path: /\/v1(development)?\/(traces|metrics|logs|profiles)$/,
    status: 200,
    body: (type) => type.includes("json") ? "{}" : "",
  },
  { name: "Datadog", path: /^\/api\/v1\/validate$/, status: 200, body: () => '{"valid":true}' },
  {
    name: "Datadog",
    path: /^\/api\/(v1|v2)\/series$/,
    status: 202,
    body: () => '{"errors":[],"status":"ok"}',
  },
  {
    name: "Datadog",
    path: /^\/api\/(beta\/sketches|v2\/logs|v0\.2\/(traces|stats))$/,
    status: 202,
    body: EMPTY_OBJECT,
  },
  {
    name: "Datadog",
    path: /^\/(v0\.[3457]\/traces|v1\.0\/traces|v1\/input|v0\.6\/stats)(\/|$)/,
    status: 200,
    body: EMPTY_OBJECT,
  },
  {
    name: "New Relic",
    path: /^\/((log|metric|trace)\/v1|(aws\/)?lambda\/v1|aws\/v1\/lambda|v1\/(accounts|infra))/,
    status: 202,
    body: requestId,
  },
  { name: "Splunk", path: /^\/services\/collector/, status: 200, body: () => '{"text":"Success","code":0}' },
  { name: "Elastic", path: /^\/intake\/v2\//, status: 202, body: NOTHING },
  { name: "Elastic", path: /^\/_bulk$/, status: 200, body: () => '{"took":0,"errors":false,"items":[]}' },
  { name: "Loki", path: /^\/loki\/api\/v1\/push$/, status: 204, body: NOTHING },
];

/** The intake of a path. */
export function intakeOf(path: string): IntakeName {
  return find(path)?.name ?? "unknown";
}

/** What it answers to a request that it takes. */
export function acceptedBy(path: string, contentType: string): ReplyDetails {
  const intake = find(path);
  const type = contentType.includes("protobuf") ? "application/x-protobuf" : "application/json";
  return {
    status: intake?.status ?? 200,
    headers: { "content-type": type },
    body: (intake?.body ?? EMPTY_OBJECT)(contentType),
  };
}

function find(path: string): Intake | undefined {
  return INTAKES.find((intake) => intake.path.test(path));
}
