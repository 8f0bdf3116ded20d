/** Requests as random as their protocols allow. Their outcomes are told by a digest: there are many. */
import fc from "fast-check";
import { toV04, toV05, toV07, toV10, TRACES } from "../../ingest/ddtrace/arbitrary_traces.ts";
import { REQUESTS } from "../../ingest/otlp/arbitrary_requests.ts";
import { encodeOtlp } from "../../support/wire/encode_otlp.ts";
import type { Input } from "../input.ts";

const SEED = 9;
const REQUESTS_OF_EACH = 250;

const RANDOM_OTLP: readonly Input[] = (["traces", "logs", "metrics"] as const).flatMap((signal) =>
  fc.sample(REQUESTS[signal], { seed: SEED, numRuns: REQUESTS_OF_EACH }).map((request, index) => ({
    name: `${signal} ${index}`,
    requests: [{
      path: `/v1/${signal}`,
      headers: { "content-type": "application/x-protobuf" },
      body: encodeOtlp(signal, request),
    }],
  }))
);

const VERSIONS = {
  "v0.3": toV04,
  "v0.4": toV04,
  "v0.5": toV05,
  "v0.7": (traces) => toV07(traces),
  "v0.7, facts last": (traces) => toV07(traces, true),
  "v1.0": (traces) => toV10(traces),
  "v1.0, facts last": (traces) => toV10(traces, true),
} satisfies Readonly<Record<string, (traces: Parameters<typeof toV04>[0]) => Uint8Array<ArrayBuffer>>>;

const RANDOM_DDTRACE: readonly Input[] = Object.entries(VERSIONS).flatMap(([version, encode]) =>
  fc.sample(TRACES, { seed: SEED, numRuns: 100 }).map((traces, index) => ({
    name: `${version} ${index}`,
    env: { ENV_INPUT_DDTRACE_CUSTOMER_TAGS: index % 2 === 0 ? "" : "component,reg:^a" },
    requests: [{
      path: `/${version.split(",")[0]}/traces`,
      method: "PUT",
      headers: { "content-type": "application/msgpack", "datadog-meta-lang": "python" },
      body: encode(traces),
    }],
  }))
);

/** By golden file. */
export const RANDOM: Readonly<Record<string, readonly Input[]>> = {
  otlp_random: RANDOM_OTLP,
  ddtrace_random: RANDOM_DDTRACE,
};
