import { assertEquals, assertThrows } from "@std/assert";
import { chooseLayer } from "../../../layer/deploy/layer_choice.ts";

const arn = (region: string, name: string): string => `arn:aws:lambda:${region}:123456789012:layer:${name}`;
const entry = (region: string, arch: "amd64" | "arm64") => ({
  partition: "aws",
  region,
  arch,
  arn: arn(region, `datakit-${arch}:4`),
  extensionVersion: "2.0.0",
  sha256: "0",
  sharedWith: [],
});
const LISTED = [entry("eu-west-1", "amd64"), entry("eu-west-1", "arm64")];

Deno.test("chooseLayer takes the list's layer for the region and the architecture", () => {
  const source = { pinned: [], listed: LISTED, extensionVersion: undefined };
  assertEquals(chooseLayer(source, "eu-west-1", "arm64"), { arn: arn("eu-west-1", "datakit-arm64:4") });
  assertThrows(
    () => chooseLayer(source, "us-east-1", "arm64"),
    Error,
    "no layer is known for us-east-1 and arm64",
  );
});

Deno.test("chooseLayer leaves another version than the list's to be found by its description", () => {
  const source = { pinned: [], listed: LISTED, extensionVersion: "1.9.0" };
  assertEquals(chooseLayer(source, "eu-west-1", "x86_64"), {
    layerArn: arn("eu-west-1", "datakit-amd64"),
    extensionVersion: "1.9.0",
  });
  const same = { ...source, extensionVersion: "2.0.0" };
  assertEquals(chooseLayer(same, "eu-west-1", "x86_64"), { arn: arn("eu-west-1", "datakit-amd64:4") });
});

Deno.test("chooseLayer takes the pinned one that fits the function best, and never another region's", () => {
  const [arm, own] = [arn("eu-west-1", "datakit-arm64:2"), arn("us-east-1", "own:3")];
  const pinned = [arn("eu-west-1", "datakit-x86_64:1"), arm, own];
  const source = { pinned, listed: LISTED, extensionVersion: undefined };
  assertEquals(chooseLayer(source, "eu-west-1", "arm64"), { arn: arm });
  assertEquals(chooseLayer(source, "us-east-1", "x86_64"), { arn: own });
  assertThrows(
    () => chooseLayer(source, "sa-east-1", "x86_64"),
    Error,
    "--layer-arn is of eu-west-1, us-east-1",
  );
});
