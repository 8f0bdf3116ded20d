import { assertEquals, assertThrows } from "@std/assert";
import {
  attach,
  describeChange,
  type FunctionSettings,
  recordOf,
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
  const after = attach(now, `${ARN}own:1`, { kind: "secret", reference: "/datakit/dataway" });
  assertEquals(
    after,
    settings(["own:1"], { ENV_DATAWAY_TIMEOUT: "3s", ENV_DATAWAY_SSM_PARAMETER: "/datakit/dataway" }),
  );
});

Deno.test("attach refuses a URL without a token and never repeats it", () => {
  const now = settings([], {});
  const error = assertThrows(
    () => attach(now, `${ARN}own:1`, { kind: "url", url: "https://x.example.com?tkn=tkn_secret" }),
    Error,
    "with a token",
  );
  assertEquals(error.message.includes("tkn_secret"), false);
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
