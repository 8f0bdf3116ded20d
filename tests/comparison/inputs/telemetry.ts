/** Lambda's telemetry: batches as the platform posts them. */
import type { Group, Input } from "../input.ts";

interface Fixture {
  readonly batches: readonly unknown[];
}

function fixture(name: string): Input {
  return {
    name,
    get requests(): Input["requests"] {
      const url = new URL(`../../fixtures/telemetry/${name}.json`, import.meta.url);
      const { batches }: Fixture = JSON.parse(Deno.readTextFileSync(url));
      return batches.map((batch) => ({ path: "/awslambda", body: JSON.stringify(batch) }));
    },
  };
}

/** Events of one kind of line that the fixtures do not hold. */
function lines(name: string, records: readonly unknown[]): Input {
  const batch = records.map((record, index) => ({
    time: `2026-09-10T12:00:00.${String(index).padStart(3, "0")}Z`,
    type: "function",
    record,
  }));
  return { name, requests: [{ path: "/awslambda", body: JSON.stringify(batch) }] };
}

export const TELEMETRY: Group = {
  name: "telemetry",
  inputs: [
    fixture("cold_start"),
    fixture("out_of_memory"),
    fixture("managed_instance"),
    lines("lines of text and JSON", [
      "plain\n",
      "",
      {
        level: "ERROR",
        message: "boom",
        requestId: "r1",
        nested: { a: [1, "x"] },
        n: null,
        f: 1.5,
        "a.b": true,
      },
      { msg: "only msg" },
      { other: 1 },
      ["a", 1],
      7,
    ]),
    {
      name: "integers beyond 2^53",
      requests: [{
        path: "/awslambda",
        body:
          '[{"time":"2026-09-10T12:00:00Z","type":"function","record":{"message":"m","id":12345678901234567890,' +
          '"extra":{"id":9007199254740993}}}]',
      }],
    },
  ],
};
