import { assertEquals } from "@std/assert";
import { compareVersions, runtimesFor } from "../../../layer/deploy/aws_runtimes.ts";

Deno.test("runtimesFor lists Amazon Linux 2 only for an executable that starts there", () => {
  assertEquals(runtimesFor("2.25").filter((name) => name === "python3.11" || name === "java17").length, 2);
  assertEquals(runtimesFor("2.27").filter((name) => name === "python3.11" || name === "java17"), []);
  assertEquals(runtimesFor("2.35"), []);
});

Deno.test("runtimesFor never names more than Lambda takes", () => {
  assertEquals(runtimesFor("2.17").length, 15);
});

Deno.test("compareVersions compares numbers, not text", () => {
  assertEquals(compareVersions("2.9", "2.26") < 0, true);
  assertEquals(compareVersions("2.26", "2.2.5") > 0, true);
  assertEquals(compareVersions("2.26", "2.26"), 0);
});
