import { assertEquals, assertThrows } from "@std/assert";
import { selectRegions } from "../../../layer/deploy/regions.ts";

const ids = (text: string): string[] => selectRegions(text).map(({ id }) => id);

Deno.test("selectRegions takes regions and partitions, each region once and in a fixed order", () => {
  assertEquals(ids("cn-north-1,eu-west-1,aws-cn, eu-west-1"), ["eu-west-1", "cn-north-1", "cn-northwest-1"]);
  assertEquals(ids("aws-us-gov"), ["us-gov-east-1", "us-gov-west-1"]);
  assertEquals(ids("all").length, 39);
});

Deno.test("selectRegions refuses a name that is no region", () => {
  assertThrows(() => selectRegions("eu-west-1,eu-west-9"), Error, "current value is eu-west-9");
  assertThrows(() => selectRegions(" , "), Error, "current value is empty");
});
