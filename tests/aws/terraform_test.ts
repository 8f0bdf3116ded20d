/** The Terraform example: its module planned for real, the whole parsed, and what it sets deployed and started. */
import { assertEquals, assertRejects } from "@std/assert";
import { runOrThrow } from "../../layer/build/command.ts";
import { scenario } from "../support/scenario.ts";
import { assertWorks, createExampleAccount } from "./deployed.ts";
import type { Answer } from "./moto.ts";
import { offlineEnv, pythonTools } from "./tools.ts";
import { terraform } from "./terraform.ts";

const EXAMPLE = new URL("../../layer/examples/terraform/", import.meta.url).pathname;
const arn = (region: string, architecture: string): string =>
  `arn:aws:lambda:${region}:123456789012:layer:datakit-${architecture}:7`;
const LAYERS = [arn("us-east-1", "x86_64"), arn("us-east-1", "arm64"), arn("eu-west-1", "x86_64")];
const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:datakit-AbCdEf";
const DATAWAY = "https://openway.example.com?token=tkn_x";

/** The module's outputs for these variables. */
async function outputsOf(variables: Answer): Promise<Answer> {
  return await inCopy("datakit/", async (folder) => {
    await Deno.writeTextFile(`${folder}/terraform.tfvars.json`, JSON.stringify(variables));
    await terraform(folder, "init", "-backend=false", "-input=false", "-no-color");
    await terraform(folder, "validate", "-no-color");
    await terraform(folder, "apply", "-auto-approve", "-input=false", "-no-color");
    const outputs: Answer = JSON.parse(await terraform(folder, "output", "-json"));
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
  });
}

scenario("Terraform example is formatted as Terraform formats", async () => {
  await inCopy("", (folder) => terraform(folder, "fmt", "-check", "-recursive", "-no-color"));
});

scenario(
  "Terraform module chooses the layer by region and architecture, and hands out the secret's right",
  async () => {
    const arm = await outputsOf({
      layer_arns: LAYERS,
      region: "us-east-1",
      architecture: "arm64",
      secret_arn: SECRET,
    });
    assertEquals(arm.layers, [LAYERS[1]]);
    assertEquals(arm.environment, { ENV_DATAWAY_SECRET_ARN: SECRET });
    assertEquals(JSON.parse(arm.policy).Statement, [
      { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: SECRET },
    ]);
    const other = await outputsOf({ layer_arns: LAYERS, region: "eu-west-1", dataway: DATAWAY });
    assertEquals(other, { layers: [LAYERS[2]], environment: { ENV_DATAWAY: DATAWAY } });
    const keyed = await outputsOf({
      layer_arns: LAYERS,
      region: "us-east-1",
      secret_arn: SECRET,
      secret_key: "url",
    });
    assertEquals(keyed.environment, { ENV_DATAWAY_SECRET_ARN: `${SECRET}#url` });
  },
);

scenario("Terraform module refuses what no function could run with", async () => {
  const wrong = [
    [
      { layer_arns: LAYERS, region: "eu-west-1", architecture: "arm64", secret_arn: SECRET },
      "has none for eu-west-1 arm64",
    ],
    [{ layer_arns: LAYERS, region: "us-east-1" }, "Give secret_arn or dataway"],
    [{ layer_arns: LAYERS, region: "us-east-1", secret_arn: SECRET, dataway: DATAWAY }, "and not both"],
    [{ layer_arns: ["datakit"], region: "us-east-1", secret_arn: SECRET }, "Each must be the ARN"],
    [
      { layer_arns: LAYERS, region: "us-east-1", architecture: "mips", secret_arn: SECRET },
      "must be x86_64 or arm64",
    ],
  ] as const;
  for (const [variables, message] of wrong) await assertRejects(() => outputsOf(variables), Error, message);
});

scenario("Terraform example's functions take what the module gives, and it sends", async () => {
  const script = "import hcl2, json, sys; print(json.dumps(hcl2.load(open(sys.argv[1]))))";
  const args = ["-c", script, `${EXAMPLE}main.tf`];
  const { stdout } = await runOrThrow(`${await pythonTools()}/python`, args, { env: offlineEnv() });
  for (
    const text of [
      '"layers": "${module.datakit[each.key].layers}"',
      '"variables": "${module.datakit[each.key].environment}"',
      '"policy": "${module.datakit[each.key].policy}"',
      '"architecture": "${each.value}"',
      '"architectures": ["${each.value}"]',
    ]
  ) assertEquals(stdout.includes(text), true, `${text} in ${stdout}`);

  await using account = await createExampleAccount();
  const region = "us-east-1";
  const call = (service: string, method: string, request: Answer): Promise<Answer> =>
    account.moto.call(service, region, method, request);
  for (const architecture of ["x86_64", "arm64"]) {
    const outputs = await outputsOf({
      layer_arns: Object.values(account.layers),
      region,
      architecture,
      secret_arn: account.secretArn,
    });
    const { Role } = await call("iam", "create_role", {
      RoleName: architecture,
      AssumeRolePolicyDocument: "{}",
    });
    const policy = { RoleName: architecture, PolicyName: "datakit", PolicyDocument: outputs.policy };
    await call("iam", "put_role_policy", policy);
    await call("lambda", "create_function", {
      FunctionName: architecture,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Architectures: [architecture],
      Role: Role.Arn,
      Code: { ZipBase64: "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==" },
      Layers: outputs.layers,
      Environment: { Variables: outputs.environment },
    });
  }
  await assertWorks(account, await account.functions());
});

async function inCopy<T>(part: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "datakit-terraform-" });
  try {
    await runOrThrow("cp", ["-r", `${EXAMPLE}${part}.`, folder]);
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
