import { assertEquals } from "@std/assert";
import { describeUnmeasured, type Facts, objections } from "../../../layer/deploy/attach_checks.ts";

const LAYER = "arn:aws:lambda:eu-west-1:123456789012:layer:datakit-x86_64:1";
const FACTS: Facts = {
  packageType: "Zip",
  architecture: "x86_64",
  runtime: "nodejs22.x",
  region: "eu-west-1",
  layerArchitectures: ["x86_64"],
  layerDescription: "DataKit Lambda extension 2.0.0 x86_64 glibc>=2.25 sha256:0",
  unpackedBytes: new Map([["the code", 1_000_000], [LAYER, 98_000_000]]),
};
const against = (facts: Partial<Facts>, variables: Record<string, string> = {}): readonly string[] =>
  objections({ layers: [LAYER], variables: new Map(Object.entries(variables)) }, LAYER, {
    ...FACTS,
    ...facts,
  });

Deno.test("objections has none against a function that fits", () => {
  assertEquals(against({}), []);
  assertEquals(against({ layerDescription: "", runtime: "cobol1" }), []);
});

Deno.test("objections names each reason", () => {
  assertEquals(against({ packageType: "Image" }), [
    "it is a container image, which takes no layers: see layer/examples/container",
  ]);
  assertEquals(against({ region: "us-east-1" }), [
    "the layer must be of the function's region us-east-1: it is of eu-west-1",
  ]);
  assertEquals(against({ architecture: "arm64", layerArchitectures: [] }), [
    "the layer must be for the function's architecture arm64: it is for x86_64",
  ]);
  assertEquals(against({ unpackedBytes: new Map([["the code", 262_144_000], [LAYER, 1]]) }), [
    "code and layers may have 262144000 bytes unpacked: they would have 262144001",
  ]);
  assertEquals(against({}, { A: "x".repeat(4089) }), [
    "a function's variables may have 4096 bytes: they would have 4097",
  ]);
});

Deno.test("objections names a runtime of Amazon Linux 1", () => {
  assertEquals(against({ runtime: "go1.x" }), ["the layer needs glibc 2.25: the runtime go1.x has 2.17"]);
});

Deno.test("describeUnmeasured says what it does not know", () => {
  assertEquals(describeUnmeasured(FACTS), []);
  assertEquals(
    describeUnmeasured({ ...FACTS, unpackedBytes: new Map([["the code", undefined], [LAYER, 98_000_000]]) }),
    ["unpacked it has 98.0 MB of 262.1 MB, besides what could not be measured: the code"],
  );
});
