/** The container examples: their instructions, but for Docker's, carried out on the real zip, and the result started. */
import { assertEquals, assertMatch } from "@std/assert";
import { buildLayer } from "../../build.ts";
import { readZip } from "../../layer/formats/zip_reader.ts";
import { writeZip } from "../../layer/formats/zip.ts";
import { startDataway } from "../emulator/dataway.ts";
import { scenario } from "../support/scenario.ts";
import { assertSends } from "./deployed.ts";
import { startMoto } from "./moto.ts";

const FOLDER = new URL("../../layer/examples/container/", import.meta.url).pathname;

/** An instruction of a Dockerfile, comments and empty lines left out. */
interface Instruction {
  readonly name: string;
  readonly args: readonly string[];
}

for (const file of ["Dockerfile", "Dockerfile.runtime"]) {
  scenario(
    `container example ${file} puts the zip's executable where Lambda looks, and it sends`,
    async () => {
      const { path } = await buildLayer("amd64");
      const image = await build(parse(await Deno.readTextFile(FOLDER + file)), path);
      assertEquals(Array.from(image.keys()).filter((name) => name.startsWith("/opt/")), [
        "/opt/extensions/datakit",
      ]);
      const [executable] = readZip(await Deno.readFile(path));
      const copied = image.get("/opt/extensions/datakit");
      assertEquals([copied?.mode, copied?.contents.length], [0o755, executable?.contents.length]);

      await using moto = await startMoto();
      await using dataway = await startDataway();
      const { ARN } = await moto.call("secretsmanager", "us-east-1", "create_secret", {
        Name: "datakit",
        SecretString: dataway.url,
      });
      const opt = writeZip(
        Array.from(image).filter(([name]) => name.startsWith("/opt/"))
          .map(([name, { contents, mode }]) => ({ name: name.slice("/opt/".length), contents, mode })),
      );
      for (const variables of [{ ENV_DATAWAY: dataway.url }, { ENV_DATAWAY_SECRET_ARN: ARN }]) {
        await assertSends({ moto, dataway }, opt, variables);
      }
    },
  );
}

interface ImageFile {
  readonly contents: Uint8Array;
  readonly mode: number;
}

/** Carries out what concerns our files, for amd64. An instruction that is not understood fails the test. */
async function build(instructions: readonly Instruction[], zipPath: string): Promise<Map<string, ImageFile>> {
  const stages = new Map<string, Map<string, ImageFile>>();
  let stage = new Map<string, ImageFile>();
  for (const { name, args } of instructions) {
    const filled = args.map((arg) =>
      arg.replaceAll("${ARCH}", "amd64").replaceAll("${LAMBDA_TASK_ROOT}", "/var/task")
    );
    if (name === "FROM") {
      stage = new Map();
      stages.set(filled[2] ?? "", stage);
    } else if (name === "RUN") {
      assertEquals(filled, ["unzip", "/layer.zip", "-d", "/layer"]);
      for (const entry of readZip(stage.get("/layer.zip")?.contents ?? new Uint8Array())) {
        stage.set(`/layer/${entry.name}`, { contents: entry.contents, mode: entry.mode & 0o777 });
      }
    } else if (name === "COPY") {
      await copy(filled, stage, stages, zipPath);
    } else assertMatch(name, /^(ARG|CMD)$/);
  }
  return stage;
}

async function copy(
  args: readonly string[],
  stage: Map<string, ImageFile>,
  stages: ReadonlyMap<string, ReadonlyMap<string, ImageFile>>,
  zipPath: string,
): Promise<void> {
  const option = (name: string): string | undefined =>
    args.find((arg) => arg.startsWith(`--${name}=`))?.slice(`--${name}=`.length);
  const [from = "", to = ""] = args.filter((arg) => !arg.startsWith("--"));
  const source = stages.get(option("from") ?? "none");
  const local = zipPath.endsWith(`/${from}`) ? zipPath : FOLDER + from;
  const contents = source === undefined ? await Deno.readFile(local) : source.get(from)?.contents;
  assertEquals(contents === undefined, false, `${from} is not in the stage ${option("from")}`);
  const mode = parseInt(option("chmod") ?? "0644", 8);
  stage.set(to.endsWith("/") ? to + from : to, { contents: contents ?? new Uint8Array(), mode });
}

function parse(text: string): readonly Instruction[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
    const [name = "", ...args] = line.split(" ");
    return { name, args };
  });
}
