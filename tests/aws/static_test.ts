/** The part of the project that has a configuration of its own, so that `deno task` need not fetch the AWS SDK. */
import { assertEquals } from "@std/assert";
import { runOrThrow } from "../../layer/build/command.ts";
import { PARTITIONS } from "../../layer/deploy/regions.ts";
import { scenario } from "../support/scenario.ts";
import { pythonTools } from "./tools.ts";

const AWS = new URL("../../layer/aws", import.meta.url).pathname;

for (const args of [["fmt", "--check", "."], ["lint", "."], ["check", "--frozen", "."]]) {
  scenario(`layer/aws passes deno ${args[0]}`, async () => {
    await runOrThrow(Deno.execPath(), args, { cwd: AWS });
  });
}

scenario("PARTITIONS has Lambda's regions as the AWS SDK for Python has them", async () => {
  const script = "import boto3, json; s = boto3.Session(); " +
    "print(json.dumps({p: s.get_available_regions('lambda', p) for p in s.get_available_partitions()}))";
  const { stdout } = await runOrThrow(`${await pythonTools()}/python`, ["-c", script]);
  const known: Record<string, string[]> = JSON.parse(stdout);
  for (const { id, regions } of PARTITIONS) assertEquals(regions.toSorted(), known[id]?.toSorted(), id);
  // The isolated partitions cannot be reached from the internet. A new public one must be added.
  const left = Object.keys(known).filter((id) => !PARTITIONS.some((partition) => partition.id === id));
  assertEquals(left.filter((id) => !id.startsWith("aws-iso")), []);
});
