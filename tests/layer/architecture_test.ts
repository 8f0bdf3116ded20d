/**
 * The shape of `layer/`: rooms in a row, each of which knows those before it only.
 *
 * formats <- build <- attest <- deploy <- aws
 */
import { assertEquals } from "@std/assert";
import { type ImportEdge, readImports, sourceFiles } from "../support/imports.ts";
import { scenario } from "../support/scenario.ts";

const LAYER = new URL("../../layer/", import.meta.url);

/** In the direction of the arrow: bytes on disk, the executable, what is said of it, AWS's rules, AWS itself. */
const ROOMS: readonly string[] = ["formats", "build", "attest", "deploy", "aws"];
/** Belongs to the users of the layer: imports no room, and no room imports it. */
const APART: readonly string[] = ["examples", "guance"];

/** What is wrong with an import, or undefined. */
function objection({ from, to }: ImportEdge): string | undefined {
  const [source, target] = [roomOf(from), roomOf(to)];
  if (source === target) return undefined;
  const [at, downwards] = [ROOMS.indexOf(source), ROOMS.indexOf(target)];
  if (at !== -1 && downwards !== -1 && downwards < at) return undefined;
  return `${from} imports ${to}: ${source} must not know ${target}`;
}

function roomOf(file: string): string {
  return file.split("/")[0] ?? "";
}

Deno.test("objection names imports against the direction, and those of what stands apart", () => {
  const edge = (from: string, to: string): ImportEdge => ({ from, to, typeOnly: false });
  const forbidden = [
    edge("formats/zip.ts", "build/compile.ts"),
    edge("attest/sbom.ts", "deploy/regions.ts"),
    edge("deploy/regions.ts", "aws/client.ts"),
    edge("examples/cdk/app.ts", "deploy/regions.ts"),
    edge("aws/client.ts", "examples/cdk/app.ts"),
    edge("stray.ts", "formats/zip.ts"),
  ];
  assertEquals(forbidden.filter((each) => objection(each) === undefined), []);
  assertEquals(objection(edge("aws/client.ts", "formats/zip.ts")), undefined);
  assertEquals(objection(edge("deploy/a.ts", "deploy/b.ts")), undefined);
});

scenario("every file of layer has its room, and no import goes against the direction", async () => {
  const strangers = sourceFiles(LAYER).filter((file) => ![...ROOMS, ...APART].includes(roomOf(file)));
  assertEquals(strangers, []);
  const edges = await readImports(LAYER, [
    "guance/make.ts",
    "aws/publish.ts",
    "aws/attach.ts",
    "attest/verify.ts",
  ]);
  assertEquals(edges.some(({ from, to }) => from === "aws/publish.ts" && to.startsWith("deploy/")), true);
  assertEquals(edges.map(objection).filter((text) => text !== undefined), []);
});
