/** An account with many functions in several regions, and `deno task attach` as its owner runs it. */
import { writeZip } from "../../layer/formats/zip.ts";
import { createLayerFolder, type LayerFolder, publish, runTool, type Told } from "./layers.ts";
import { type Answer, type Moto, startMoto } from "./moto.ts";

/** What makes a function differ from an ordinary one, in Lambda's own words. */
export type FunctionSpec = Answer & { readonly FunctionName: string };

/** One function's line of the machine-readable result. */
export interface ResultLine {
  readonly region: string;
  readonly function: string;
  readonly state: string;
  readonly layer: string | undefined;
  readonly changes: readonly string[];
  readonly reasons: readonly string[];
  readonly notes: readonly string[];
}

export interface Result {
  readonly action: string;
  readonly dryRun: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly functions: readonly ResultLine[];
  readonly failedRegions: readonly { readonly region: string }[];
}

/** Running emulated AWS with both layers published. Disposing of it ends and removes everything. */
export interface Fleet extends AsyncDisposable {
  readonly moto: Moto;
  readonly layers: LayerFolder;
  readonly roleArn: string;
  create(region: string, specs: readonly FunctionSpec[]): Promise<void>;
  /** Runs the tool, and reads the result that it writes. */
  attach(...args: string[]): Promise<Told & { readonly result: Result }>;
  /** Layers and variables of every function, by `region name`. */
  settings(regions: readonly string[]): Promise<Readonly<Record<string, Answer>>>;
}

const CREATED_AT_ONCE = 8;
const CODE = writeZip([{ name: "index.js", contents: new Uint8Array(10), mode: 0o644 }]);

/** An account whose `regions` have both layers. */
export async function createFleet(regions: readonly string[]): Promise<Fleet> {
  const moto = await startMoto();
  const layers = await createLayerFolder("fleet");
  await publish(moto.endpoint, layers.path, "--regions", regions.join(","), "--yes");
  const { Role } = await moto.call("iam", "us-east-1", "create_role", {
    RoleName: "fleet",
    AssumeRolePolicyDocument: "{}",
  });
  const resultPath = `${layers.path}/result.json`;
  return {
    moto,
    layers,
    roleArn: Role.Arn,
    async create(region, specs): Promise<void> {
      const waiting = [...specs];
      const work = async (): Promise<void> => {
        for (let spec = waiting.shift(); spec !== undefined; spec = waiting.shift()) {
          await moto.call("lambda", region, "create_function", {
            Runtime: "nodejs22.x",
            Handler: "index.handler",
            Role: Role.Arn,
            Code: { ZipBase64: CODE.toBase64() },
            ...spec,
          });
        }
      };
      await Promise.all(Array.from({ length: CREATED_AT_ONCE }, work));
    },
    async attach(...args): Promise<Told & { readonly result: Result }> {
      await Deno.remove(resultPath).catch(() => {});
      const told = await runTool("attach", moto.endpoint, [
        "--arns",
        `${layers.path}/arns.json`,
        "--records",
        `${layers.path}/records`,
        "--result",
        resultPath,
        ...args,
      ]);
      const text = await Deno.readTextFile(resultPath).catch(() => `{"counts":{},"functions":[]}`);
      return { ...told, result: JSON.parse(text) };
    },
    async settings(all): Promise<Record<string, Answer>> {
      const found: Record<string, Answer> = {};
      for (const region of all) {
        for (let marker: string | undefined, page = 0; page === 0 || marker !== undefined; page++) {
          const request = marker === undefined ? {} : { Marker: marker };
          const answer = await moto.call("lambda", region, "list_functions", request);
          for (const { FunctionName, Layers = [], Environment } of answer.Functions) {
            found[`${region} ${FunctionName}`] = {
              layers: Layers.map(({ Arn }: Answer) => Arn),
              variables: Environment?.Variables ?? {},
            };
          }
          marker = answer.NextMarker;
        }
      }
      return found;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await moto[Symbol.asyncDispose]();
      await layers[Symbol.asyncDispose]();
    },
  };
}
