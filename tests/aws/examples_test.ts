/**
 * Each example by the tool that will read it, then deployed into emulated AWS and started. What cannot be validated
 * here is in a table of layer/examples/README.md.
 */
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { run, runOrThrow } from "../../layer/build/command.ts";
import { scenario } from "../support/scenario.ts";
import { assertWorks, createExampleAccount, type ExampleAccount } from "./deployed.ts";
import type { Answer } from "./moto.ts";
import { npmTools, offlineEnv, pythonTools } from "./tools.ts";

const EXAMPLES = new URL("../../layer/examples/", import.meta.url).pathname;
const X86_64 = "arn:aws:lambda:us-east-1:123456789012:layer:datakit-x86_64:1";
const ARM64 = "arn:aws:lambda:us-east-1:123456789012:layer:datakit-arm64:1";
const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:datakit-AbCdEf";
/** Stands for the token in everything that must not hold it. */
const TOKEN = "tkn_never_to_be_written_down";

/** A template's parameters, those that it has of all. */
function parametersOf(account: ExampleAccount): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const layers = { LayerX8664: account.layers.x86_64, LayerArm64: account.layers.arm64 };
  return {
    "template.yaml": { ...layers, Dataway: account.dataway.url },
    "template-secret.yaml": { ...layers, DatawaySecretArn: account.secretArn },
  };
}

for (const name of ["template.yaml", "template-secret.yaml"]) {
  scenario(`CloudFormation example ${name} passes cfn-lint, deploys and sends`, async () => {
    const file = `${EXAMPLES}cloudformation/${name}`;
    await lint(file);
    await using account = await createExampleAccount();
    const template = await Deno.readTextFile(file);
    await assertWorks(account, await account.deploy(template, parametersOf(account)[name] ?? {}));
  });

  scenario(`SAM example ${name} passes sam validate, deploys and sends`, async () => {
    const file = `${EXAMPLES}sam/${name}`;
    const args = ["validate", "--lint", "--template", file, "--region", "us-east-1"];
    const { stdout } = await runOrThrow(`${await pythonTools()}/sam`, args, { env: offlineEnv() });
    assertStringIncludes(stdout, "is a valid SAM Template");
    await using account = await createExampleAccount();
    const template = await fromSam(file);
    await assertWorks(account, await account.deploy(template, parametersOf(account)[name] ?? {}));
  });
}

for (const name of ["serverless.yml", "serverless-secret.yml"]) {
  scenario(`Serverless example ${name} packages without a token, deploys and sends`, async () => {
    await using account = await createExampleAccount();
    await inFolder(async (folder) => {
      for (const file of ["serverless.yml", "serverless-secret.yml", "index.js"]) {
        await Deno.copyFile(`${EXAMPLES}serverless/${file}`, `${folder}/${file}`);
      }
      const env = {
        ...offlineEnv(),
        DATAKIT_LAYER_X86_64: account.layers.x86_64,
        DATAKIT_LAYER_ARM64: account.layers.arm64,
        DATAKIT_SECRET_ARN: account.secretArn,
      };
      const osls = `${await npmTools()}/node_modules/.bin/osls`;
      await runOrThrow(osls, ["package", "--config", name], { cwd: folder, env });
      const file = `${folder}/.serverless/cloudformation-template-update-stack.json`;
      await lint(file);
      const template = await Deno.readTextFile(file);
      assertEquals(template.includes("token="), false);
      const inline = await withCode(template, account);
      await assertWorks(account, await account.deploy(inline, {}));
    });
  });
}

scenario("CDK examples have sound types, leak no token, pass cfn-lint, deploy and send", async () => {
  await inFolder(async (folder) => {
    for (const [stack, parameters] of [["CheckoutStack", []], ["MailStack", ["Dataway"]]] as const) {
      await using account = await createExampleAccount();
      const context = {
        datakitLayerArns: Object.values(account.layers).join(),
        datakitSecretArn: account.secretArn,
      };
      const file = `${await synthesize(folder, "app.ts", context)}/${stack}.template.json`;
      // W3005: CDK writes down dependencies that are plain anyway.
      await lint(file, "--ignore-checks", "W3005");
      const template = await Deno.readTextFile(file);
      const { Outputs, Parameters = {} } = JSON.parse(template);
      assertEquals(Outputs, undefined);
      for (const name of parameters) {
        assertEquals([Parameters[name].NoEcho, Parameters[name].Default], [true, undefined]);
      }
      assertEquals(template.includes("token="), false);
      const given = Object.fromEntries(parameters.map((name) => [name, account.dataway.url]));
      await assertWorks(account, await account.deploy(template, given));
    }
  });
});

scenario(
  "CDK construct used by one stack for another's functions leaks no token and no reference to one",
  async () => {
    await inFolder(async (folder) => {
      const program = `
      import { App, Stack } from "aws-cdk-lib";
      import { Architecture, Code, Function, Runtime } from "aws-cdk-lib/aws-lambda";
      import { DatakitExtension } from "./datakit_extension.ts";
      const app = new App();
      const env = { region: "us-east-1", account: "123456789012" };
      const [one, two] = ["One", "Two"].map((id) => new Stack(app, id, { env }));
      const datakit = new DatakitExtension(one, "Datakit", {
        layerArns: ["${X86_64}", "${ARM64}", "${X86_64.replace("us-east-1", "eu-west-1")}"],
        dataway: { parameter: "Dataway" },
      });
      for (const stack of [one, two]) {
        const settings = { runtime: Runtime.NODEJS_22_X, handler: "index.handler", code: Code.fromInline("0") };
        datakit.addTo(
          new Function(stack, "Fn", settings),
          new Function(stack, "Arm", { ...settings, architecture: Architecture.ARM_64 }),
        );
      }
      app.synth();`;
      await Deno.writeTextFile(`${folder}/two_stacks.ts`, program);
      const out = await synthesize(folder, "two_stacks.ts", {});
      for (const stack of ["One", "Two"]) {
        const { Outputs, Parameters, Resources } = JSON.parse(
          await Deno.readTextFile(`${out}/${stack}.template.json`),
        );
        assertEquals([Outputs, Parameters.Dataway.NoEcho], [undefined, true]);
        const layers = Object.values<Answer>(Resources).filter(({ Type }) => Type === "AWS::Lambda::Function")
          .map(({ Properties }) => [Properties.Architectures?.[0] ?? "x86_64", Properties.Layers]);
        assertEquals(Object.fromEntries(layers), { x86_64: [X86_64], arm64: [ARM64] });
      }
    });
  },
);

scenario(
  "CDK construct synthesises nothing when it is imported, and refuses what no layer fits",
  async () => {
    await inFolder(async (folder) => {
      const program = `
      import { App, Stack } from "aws-cdk-lib";
      import { Architecture, Code, Function, Runtime } from "aws-cdk-lib/aws-lambda";
      import { DatakitExtension } from "./datakit_extension.ts";
      const stack = new Stack(new App(), "One");
      const fn = new Function(stack, "Arm", {
        runtime: Runtime.NODEJS_22_X, handler: "i.h", code: Code.fromInline("0"), architecture: Architecture.ARM_64,
      });
      new DatakitExtension(stack, "Datakit", { layerArns: ["${X86_64}"], dataway: { parameter: "Dataway" } }).addTo(fn);`;
      await Deno.writeTextFile(`${folder}/wrong.ts`, program);
      await Deno.writeTextFile(`${folder}/import.ts`, `import "./datakit_extension.ts";`);
      await assertRejects(() => synthesize(folder, "wrong.ts", {}), Error, "needs one layer for arm64");
      const out = await synthesize(folder, "import.ts", {});
      assertEquals(await Deno.stat(out).then(() => true, () => false), false);
    });
  },
);

for (const secret of [true, false]) {
  scenario(
    `AWS CLI example ${secret ? "with a secret" : "with a token"} keeps other settings, and sends`,
    async () => {
      await using account = await createExampleAccount();
      const call = (method: string, args: Answer, service = "lambda"): Promise<Answer> =>
        account.moto.call(service, "us-east-1", method, args);
      const role = await call("create_role", { RoleName: "r", AssumeRolePolicyDocument: "{}" }, "iam");
      for (const [FunctionName, architecture] of [["checkout", "x86_64"], ["mailer", "arm64"]]) {
        await call("create_function", {
          FunctionName,
          Runtime: "nodejs22.x",
          Handler: "index.handler",
          Architectures: [architecture],
          Role: role.Role.Arn,
          Code: { ZipBase64: "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==" },
          Environment: { Variables: { NOTE: `a "b", c=d` } },
        });
      }
      const where = secret
        ? { DATAKIT_SECRET_ARN: account.secretArn, ENV_DATAWAY: "" }
        : { ENV_DATAWAY: account.dataway.url };
      const env = {
        ...offlineEnv(account.moto.endpoint),
        PATH: `${await pythonTools()}:${Deno.env.get("PATH")}`,
        ...where,
      };
      const cli = (...args: string[]): Promise<unknown> =>
        runOrThrow("bash", [`${EXAMPLES}cli.sh`, ...args], { env });
      // A second time, too: it must not be added twice.
      for (let time = 0; time < 2; time++) await cli("checkout", account.layers.x86_64);
      await cli("mailer", account.layers.arm64);
      await assertRejects(() => cli("mailer", account.layers.x86_64), Error, "the layer is for x86_64");
      const found = await account.functions();
      for (const { variables } of found) assertEquals(variables["NOTE"], `a "b", c=d`);
      await assertWorks(account, found);
    },
  );
}

scenario(
  "Console example names the settings that the extension reads, and a policy that IAM reads",
  async () => {
    const text = await Deno.readTextFile(`${EXAMPLES}console.md`);
    for (const name of ["ENV_DATAWAY_SECRET_ARN", "ENV_DATAWAY"]) {
      assertStringIncludes(
        text,
        `key \`${name}\``,
      );
    }
    const policy = JSON.parse(
      /```json\n([\s\S]*?)```/.exec(text)?.[1]?.replace("<the secret's ARN>", SECRET) ?? "",
    );
    assertEquals(policy.Statement, [
      { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: SECRET },
    ]);
  },
);

scenario("no example holds a token, and each has a variant with a secret", async () => {
  const texts: string[] = [];
  for (const path of await filesBelow(EXAMPLES)) {
    const text = await Deno.readTextFile(path);
    texts.push(text);
    assertEquals(/token=(?!\.\.\.|<)/.test(text) || text.includes(TOKEN), false, path);
  }
  for (const folder of ["cdk", "terraform", "serverless", "sam", "cloudformation", "container"]) {
    const all = await Promise.all(
      (await filesBelow(`${EXAMPLES}${folder}/`)).map((path) => Deno.readTextFile(path)),
    );
    assertMatch(all.join("\n"), /ENV_DATAWAY_SECRET_ARN/, folder);
    assertMatch(all.join("\n"), /secretsmanager:GetSecretValue|grantRead|GetSecretValuePolicy/, folder);
  }
});

/** Runs a CDK program with its types checked, and returns the folder with what it synthesised. */
async function synthesize(folder: string, program: string, context: Answer): Promise<string> {
  for (const name of ["app.ts", "datakit_extension.ts"]) {
    await Deno.copyFile(`${EXAMPLES}cdk/${name}`, `${folder}/${name}`);
  }
  await Deno.writeTextFile(`${folder}/package.json`, `{"type":"module"}`);
  await Deno.remove(`${folder}/node_modules`).catch(() => {});
  await Deno.symlink(`${await npmTools()}/node_modules`, `${folder}/node_modules`);
  const out = `${folder}/out`;
  await Deno.remove(out, { recursive: true }).catch(() => {});
  const args = [
    "run",
    "--allow-all",
    "--check",
    "--quiet",
    "--no-lock",
    "--node-modules-dir=manual",
    program,
  ];
  const env = { ...offlineEnv(), CDK_OUTDIR: out, CDK_CONTEXT_JSON: JSON.stringify(context) };
  await runOrThrow(Deno.execPath(), args, { cwd: folder, env });
  return out;
}

/** SAM's own translation into plain CloudFormation. */
async function fromSam(file: string): Promise<string> {
  const script =
    "import boto3, cfnlint.decode, json, sys; from samtranslator.translator.transform import transform; " +
    "from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader; " +
    "template = json.loads(json.dumps(cfnlint.decode.decode(sys.argv[1])[0])); " +
    "loader = ManagedPolicyLoader(None); " +
    "loader._policy_map = {'AWSLambdaBasicExecutionRole': " +
    "'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'}; " +
    "print(json.dumps(transform(template, {}, loader)))";
  const args = ["-c", script, file];
  return (await runOrThrow(`${await pythonTools()}/python`, args, { env: offlineEnv() })).stdout;
}

/** Serverless uploads the code to its own bucket first; the code itself plays no part here. */
async function withCode(template: string, { moto }: ExampleAccount): Promise<string> {
  await moto.call("s3", "us-east-1", "create_bucket", { Bucket: "code" });
  await moto.call("s3", "us-east-1", "put_object", { Bucket: "code", Key: "code.zip", Body: "x" });
  const parsed: Answer = JSON.parse(template);
  for (const resource of Object.values<Answer>(parsed.Resources)) {
    if (resource.Type === "AWS::Lambda::Function") {
      resource.Properties.Code = { S3Bucket: "code", S3Key: "code.zip" };
    }
  }
  return JSON.stringify(parsed);
}

async function lint(file: string, ...options: string[]): Promise<void> {
  const args = ["--regions", "us-east-1", ...options, "--", file];
  const result = await run(`${await pythonTools()}/cfn-lint`, args);
  assertEquals([result.code, result.stdout], [0, ""]);
}

async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await filesBelow(`${folder}${name}/`));
    else found.push(`${folder}${name}`);
  }
  return found;
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "datakit-example-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
