/**
 * Each example by the tool that will read it. Not checked here: the console's steps, Terraform by its provider's
 * schema (only its syntax and what it sets), and the image's build, which needs Docker.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { buildLayer } from "../../build.ts";
import { run, runOrThrow } from "../../layer/build/command.ts";
import { readZip } from "../../layer/formats/zip_reader.ts";
import { scenario } from "../support/scenario.ts";
import { zipFor } from "./layers.ts";
import { type Answer, startMoto } from "./moto.ts";
import { npmTools, offlineEnv, pythonTools } from "./tools.ts";

const EXAMPLES = new URL("../../layer/examples/", import.meta.url).pathname;
const LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:datakit-x86_64:7";
const DATAWAY = "https://openway.example.com?token=tkn_x";

scenario("CloudFormation example passes cfn-lint and sets layer and destination", async () => {
  await lint(`${EXAMPLES}cloudformation.yaml`);
  const template = await readYaml(`${EXAMPLES}cloudformation.yaml`);
  assertEquals(template.Resources.Function.Properties.Layers, [{ Ref: "DatakitLayerArn" }]);
  assertEquals(template.Resources.Function.Properties.Environment.Variables, {
    ENV_DATAWAY: { Ref: "Dataway" },
  });
});

scenario("SAM example passes sam validate --lint", async () => {
  const file = `${EXAMPLES}sam/template.yaml`;
  const args = ["validate", "--lint", "--template", file, "--region", "us-east-1"];
  const { stdout } = await runOrThrow(`${await pythonTools()}/sam`, args, { env: offlineEnv() });
  assertStringIncludes(stdout, "is a valid SAM Template");
  const template = await readYaml(file);
  assertEquals(template.Globals.Function.Layers, [{ Ref: "DatakitLayerArn" }]);
});

scenario("CDK example has sound types, and what it synthesises passes cfn-lint", async () => {
  await inFolder(async (folder) => {
    await Deno.copyFile(`${EXAMPLES}cdk/app.ts`, `${folder}/app.ts`);
    await Deno.writeTextFile(`${folder}/package.json`, `{"type":"module"}`);
    await Deno.symlink(`${await npmTools()}/node_modules`, `${folder}/node_modules`);
    const context = JSON.stringify({ datakitLayerArn: LAYER });
    const args = [
      "run",
      "--allow-all",
      "--check",
      "--quiet",
      "--no-lock",
      "--node-modules-dir=manual",
      "app.ts",
    ];
    const env = { ...offlineEnv(), CDK_OUTDIR: `${folder}/out`, CDK_CONTEXT_JSON: context };
    await runOrThrow(Deno.execPath(), args, { cwd: folder, env });
    const file = `${folder}/out/CheckoutStack.template.json`;
    // W3005: CDK writes down dependencies that are plain anyway.
    await lint(file, "--ignore-checks", "W3005");
    const properties = functionOf(JSON.parse(await Deno.readTextFile(file)));
    assertEquals(properties.Layers, [LAYER]);
    assertEquals(properties.Environment, { Variables: { ENV_DATAWAY: { Ref: "Dataway" } } });
  });
});

scenario("Serverless example packages, and its template passes cfn-lint", async () => {
  await inFolder(async (folder) => {
    for (const name of ["serverless.yml", "index.js"]) {
      await Deno.copyFile(`${EXAMPLES}serverless/${name}`, `${folder}/${name}`);
    }
    const env = { ...offlineEnv(), DATAKIT_LAYER_ARN: LAYER, ENV_DATAWAY: DATAWAY };
    const osls = `${await npmTools()}/node_modules/.bin/osls`;
    await runOrThrow(osls, ["package"], { cwd: folder, env });
    const file = `${folder}/.serverless/cloudformation-template-update-stack.json`;
    await lint(file);
    const properties = functionOf(JSON.parse(await Deno.readTextFile(file)));
    assertEquals(properties.Layers, [LAYER]);
    assertEquals(properties.Environment, { Variables: { ENV_DATAWAY: DATAWAY } });
  });
});

scenario("Terraform example is HCL and sets layer and destination", async () => {
  const script = "import hcl2, json, sys; print(json.dumps(hcl2.load(open(sys.argv[1]))))";
  const { stdout } = await runOrThrow(`${await pythonTools()}/python`, [
    "-c",
    script,
    `${EXAMPLES}terraform/main.tf`,
  ]);
  assertMatch(stdout, /"layers": \["\$\{var\.datakit_layer_arn\}"\]/);
  assertMatch(stdout, /"ENV_DATAWAY": "\$\{var\.dataway\}"/);
  assertMatch(stdout, /"sensitive": true/);
});

scenario("AWS CLI example adds the layer and keeps the function's other settings", async () => {
  await using moto = await startMoto();
  const call = (method: string, args: Answer, service = "lambda"): Promise<Answer> =>
    moto.call(service, "us-east-1", method, args);
  const role = await call("create_role", { RoleName: "r", AssumeRolePolicyDocument: "{}" }, "iam");
  await call("create_function", {
    FunctionName: "checkout",
    Runtime: "nodejs22.x",
    Handler: "index.handler",
    Role: role.Role.Arn,
    Code: { ZipBase64: zipFor("amd64", "code").toBase64() },
    Environment: { Variables: { NOTE: `a "b", c=d` } },
  });
  const tools = await pythonTools();
  const path = `${tools}:${Deno.env.get("PATH")}`;
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/layer.zip`, zipFor("amd64", "layer"));
    const env = { ...offlineEnv(moto.endpoint), PATH: path, ENV_DATAWAY: DATAWAY };
    const publish = [
      "lambda",
      "publish-layer-version",
      "--layer-name",
      "own",
      "--zip-file",
      "fileb://layer.zip",
    ];
    await runOrThrow(`${tools}/aws`, publish, { cwd: folder, env });
    const layer = "arn:aws:lambda:us-east-1:123456789012:layer:own:1";
    // A second time, too: it must not be added twice.
    for (let time = 0; time < 2; time++) {
      await runOrThrow("bash", [`${EXAMPLES}cli.sh`, "checkout", layer], { cwd: folder, env });
    }
    const { Layers, Environment } = await call("get_function_configuration", { FunctionName: "checkout" });
    assertEquals(Layers.map(({ Arn }: Answer) => Arn), [layer]);
    assertEquals(Environment.Variables, { NOTE: `a "b", c=d`, ENV_DATAWAY: DATAWAY });
  });
});

scenario("container example copies what the zip holds to where Lambda looks", async () => {
  const text = await Deno.readTextFile(`${EXAMPLES}container/Dockerfile`);
  const { path } = await buildLayer("amd64");
  assertStringIncludes(text, `COPY ${path.split("/").at(-1)?.replace("amd64", "${ARCH}")} /layer.zip`);
  const [entry] = readZip(await Deno.readFile(path));
  assertStringIncludes(text, `--chmod=0755 /layer/${entry?.name} /opt/${entry?.name}\n`);
});

async function lint(file: string, ...options: string[]): Promise<void> {
  const result = await run(`${await pythonTools()}/cfn-lint`, [
    "--regions",
    "us-east-1",
    ...options,
    "--",
    file,
  ]);
  assertEquals([result.code, result.stdout], [0, ""]);
}

async function readYaml(file: string): Promise<Answer> {
  const script = "import cfnlint.decode, json, sys; print(json.dumps(cfnlint.decode.decode(sys.argv[1])[0]))";
  const { stdout } = await runOrThrow(`${await pythonTools()}/python`, ["-c", script, file]);
  return JSON.parse(stdout);
}

function functionOf(template: Answer): Answer {
  const resources: Answer[] = Object.values(template.Resources);
  return resources.find(({ Type }) => Type === "AWS::Lambda::Function")?.Properties;
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "datakit-example-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
