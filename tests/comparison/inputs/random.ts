/** Requests as random as OTLP allows. Their outcomes are told by a digest: there are many. */
import fc from "fast-check";
import { REQUESTS } from "../../ingest/otlp/arbitrary_requests.ts";
import { encodeOtlp } from "../../support/wire/encode_otlp.ts";
import type { Input } from "../input.ts";

const SEED = 9;
const REQUESTS_OF_EACH = 250;

export const RANDOM_OTLP: readonly Input[] = (["traces", "logs", "metrics"] as const).flatMap((signal) =>
  fc.sample(REQUESTS[signal], { seed: SEED, numRuns: REQUESTS_OF_EACH }).map((request, index) => ({
    name: `${signal} ${index}`,
    requests: [{
      path: `/v1/${signal}`,
      headers: { "content-type": "application/x-protobuf" },
      body: encodeOtlp(signal, request),
    }],
  }))
);
