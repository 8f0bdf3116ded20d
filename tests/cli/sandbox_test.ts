import { assertEquals, assertMatch } from "@std/assert";
import { architectureOf, ownArchitecture } from "../../src/cli/doctor/elf.ts";
import { checkSandbox } from "../../src/cli/doctor/sandbox.ts";
import type { Finding } from "../../src/cli/doctor/finding.ts";
import { scenario } from "../support/scenario.ts";

const IN_LAMBDA = { AWS_LAMBDA_FUNCTION_NAME: "checkout", AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512" };

/** The head of a program file; `e_machine` stands in the file's own byte order. */
function elf(machine: number, isLittle = true): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, isLittle ? 1 : 2]);
  new DataView(head.buffer).setUint16(18, machine, isLittle);
  return head;
}

async function within(
  files: Readonly<Record<string, { readonly bytes: Uint8Array; readonly mode?: number }>>,
  look: (root: string) => void,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    for (const [path, { bytes, mode = 0o755 }] of Object.entries(files)) {
      await Deno.mkdir(`${root}/${path}`.replace(/\/[^/]+$/, ""), { recursive: true });
      await Deno.writeFile(`${root}/${path}`, bytes, { mode });
    }
    look(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function find(root: string, about: string, executable: string, env = IN_LAMBDA): readonly Finding[] {
  return checkSandbox(env, {
    layers: `${root}/opt`,
    task: `${root}/task`,
    executable: `${root}/${executable}`,
  })
    .filter((finding) => finding.about === about);
}

scenario(
  "architectureOf() reads what a program is for, whatever its byte order, and nothing out of other files",
  async () => {
    await within({
      x86: { bytes: elf(62) },
      arm: { bytes: elf(183) },
      big: { bytes: elf(8, false) },
      script: { bytes: new TextEncoder().encode("#!/bin/sh\nexec node index.js\n") },
      short: { bytes: elf(62).subarray(0, 10) },
    }, (root) => {
      const found = ["x86", "arm", "big", "script", "short", "none"].map((name) =>
        architectureOf(`${root}/${name}`)
      );
      assertEquals(found, ["x86_64", "arm64", "machine 8", undefined, undefined, undefined]);
    });
    assertEquals(architectureOf(Deno.execPath()), ownArchitecture());
  },
);

scenario("doctor finds programs of another architecture among what Lambda starts", async () => {
  const own = elf(ownArchitecture() === "arm64" ? 183 : 62);
  const other = elf(ownArchitecture() === "arm64" ? 62 : 183);
  await within({ "opt/extensions/datakit": { bytes: own }, "task/bootstrap": { bytes: own } }, (root) => {
    assertEquals(find(root, "architecture", "opt/extensions/datakit").map(({ outcome }) => outcome), ["ok"]);
  });
  await within({
    "opt/extensions/datakit": { bytes: own },
    "opt/extensions/other": { bytes: other },
    "task/bootstrap": { bytes: other },
  }, (root) => {
    const found = find(root, "architecture", "opt/extensions/datakit");
    assertEquals(found.map(({ outcome, text }) => [outcome, text.split(" ")[0]]), [
      ["fault", `${root}/task/bootstrap`],
      ["fault", `${root}/opt/extensions/other`],
    ]);
  });
});

scenario("doctor tells where the layer's file is amiss: too deep, not executable, not there", async () => {
  const file = { bytes: elf(62) };
  const cases: readonly (readonly [
    files: Parameters<typeof within>[0],
    executable: string,
    outcome: Finding["outcome"],
    said: RegExp,
  ])[] = [
    [{ "opt/extensions/datakit": file }, "opt/extensions/datakit", "ok", /is where Lambda looks for it/],
    [
      { "opt/extensions/datakit": file },
      "tmp/datakit",
      "ok",
      /opt\/extensions\/datakit is where Lambda looks/,
    ],
    [{ "opt/extensions/datakit": { ...file, mode: 0o644 } }, "tmp/datakit", "fault", /mode 644.*mode 755/],
    [{ "opt/layer/extensions/datakit": file }, "opt/layer/extensions/datakit", "fault", /a folder too deep/],
    [{ "opt/extensions/other": file }, "tmp/datakit", "fault", /there is only other: this is .*tmp\/datakit/],
    [{}, "tmp/datakit", "fault", /there is none/],
  ];
  for (const [files, executable, outcome, said] of cases) {
    await within(files, (root) => {
      const [finding] = find(root, "layer", executable);
      assertEquals(finding?.outcome, outcome, JSON.stringify(finding));
      assertMatch(finding?.text ?? "", said);
    });
  }
  await within({}, (root) => {
    const env = { ...IN_LAMBDA, AWS_LAMBDA_FUNCTION_NAME: "" };
    assertEquals(find(root, "layer", "tmp/datakit", env).map(({ outcome }) => outcome), ["note"]);
  });
});

Deno.test("doctor judges the function's memory by Lambda's least", () => {
  const cases: readonly (readonly [memory: string, outcome: Finding["outcome"]])[] = [
    ["64", "fault"],
    ["127", "fault"],
    ["128", "note"],
    ["129", "ok"],
    ["10240", "ok"],
    ["much", "fault"],
    ["", "note"],
  ];
  for (const [memory, outcome] of cases) {
    const [finding] = checkSandbox({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory }, {
      layers: "/nowhere",
      task: "/nowhere",
      executable: "/nowhere/datakit",
    });
    assertEquals([finding?.about, finding?.outcome], ["memory", outcome], memory);
  }
});
