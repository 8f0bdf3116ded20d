import { assertEquals, assertThrows } from "@std/assert";
import {
  attach,
  describeChange,
  destinationIn,
  detach,
  type FunctionSettings,
  recordOf,
  requireUsable,
  undo,
} from "../../../layer/deploy/attach_change.ts";

const ARN = "arn:aws:lambda:eu-west-1:123456789012:layer:";
const URL = "https://openway.example.com/a?token=tkn_secret";
const settings = (layers: string[], variables: Record<string, string>): FunctionSettings => ({
  layers: layers.map((name) => ARN + name),
  variables: new Map(Object.entries(variables)),
});

Deno.test("attach takes the place of our layer of the other architecture", () => {
  const now = settings(["a:1", "datakit-arm64:3", "b:2"], { ENV_DATAWAY: URL });
  const after = attach(now, `${ARN}datakit-x86_64:9`, { kind: "kept" });
  assertEquals(after, settings(["a:1", "datakit-x86_64:9", "b:2"], { ENV_DATAWAY: URL }));
});

Deno.test("attach leaves one destination, the one asked for", () => {
  const now = settings([], { ENV_DATAWAY: URL, ENV_DATAWAY_KMS: "x", ENV_DATAWAY_TIMEOUT: "3s" });
  const after = attach(now, `${ARN}own:1`, {
    kind: "secret",
    reference: "/datakit/dataway",
    url: undefined,
  });
  assertEquals(
    after,
    settings(["own:1"], { ENV_DATAWAY_TIMEOUT: "3s", ENV_DATAWAY_SSM_PARAMETER: "/datakit/dataway" }),
  );
});

Deno.test("requireUsable refuses a URL without a token and never repeats it", () => {
  const error = assertThrows(
    () => requireUsable({ kind: "url", url: "https://x.example.com?tkn=tkn_secret" }),
    Error,
    "with a token",
  );
  assertEquals(error.message.includes("tkn_secret"), false);
  assertThrows(
    () => requireUsable({ kind: "secret", reference: "datakit", url: undefined }),
    Error,
    "ARN of",
  );
  const reference = "/datakit/token";
  assertThrows(() => requireUsable({ kind: "secret", reference, url: URL }), Error, "without a token");
  requireUsable({ kind: "secret", reference, url: "https://openway.example.com" });
});

Deno.test("a secret that holds the token alone stands beside the URL without it", () => {
  const destination = { kind: "secret", reference: "/datakit/token", url: "https://x.example.com" } as const;
  const after = attach(settings([], {}), `${ARN}own:1`, destination);
  assertEquals(
    after,
    settings(["own:1"], {
      ENV_DATAWAY: "https://x.example.com",
      ENV_DATAWAY_SSM_PARAMETER: "/datakit/token",
    }),
  );
});

Deno.test("destinationIn puts the region into the reference", () => {
  const reference = "arn:aws:secretsmanager:{region}:123456789012:secret:datakit-AbCdEf";
  const there = destinationIn({ kind: "secret", reference, url: undefined }, "eu-west-1");
  assertEquals(there, {
    kind: "secret",
    reference: reference.replace("{region}", "eu-west-1"),
    url: undefined,
  });
});

Deno.test("detach takes off our layer by any of its names, and every destination", () => {
  const now = settings(["a:1", "datakit-arm64:3", "own:7"], {
    ENV_DATAWAY_SECRET_ARN: "x",
    ENV_DATAWAY: URL,
    TABLE: "t",
  });
  assertEquals(detach(now, []), settings(["a:1", "own:7"], { TABLE: "t" }));
  assertEquals(detach(now, [`${ARN}own:2`]), settings(["a:1"], { TABLE: "t" }));
});

Deno.test("undo leaves alone what was changed since", () => {
  const before = settings(["a:1"], { ENV_DATAWAY: "https://old.example.com?token=o", TABLE: "t" });
  const layer = `${ARN}datakit-x86_64:9`;
  const after = attach(before, layer, { kind: "url", url: URL });
  const record = recordOf(before, after, layer);
  assertEquals(undo(after, record), before);
  const since = settings(["new:1", "a:1", "datakit-x86_64:9"], { ENV_DATAWAY: "https://hand", TABLE: "u" });
  assertEquals(undo(since, record), settings(["new:1", "a:1"], { ENV_DATAWAY: "https://hand", TABLE: "u" }));
});

Deno.test("describeChange shows hosts but no token", () => {
  const before = settings(["datakit-x86_64:1"], { ENV_DATAWAY: "bad tkn_secret" });
  const after = attach(before, `${ARN}datakit-x86_64:2`, { kind: "url", url: URL });
  assertEquals(describeChange(before, after), [
    `- layer ${ARN}datakit-x86_64:1`,
    `+ layer ${ARN}datakit-x86_64:2`,
    "- ENV_DATAWAY=***",
    "+ ENV_DATAWAY=https://openway.example.com/a?***",
  ]);
});
