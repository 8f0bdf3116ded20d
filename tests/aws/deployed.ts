/**
 * Examples as they end: deployed into emulated AWS by CloudFormation's own rules (moto's), then the function's layer
 * unpacked from there, and its executable started in the Lambda emulator with the function's variables.
 */
import { assertEquals } from "@std/assert";
import { buildLayer } from "../../build.ts";
import { readZip } from "../../layer/formats/zip_reader.ts";
import { type DatawayDouble, startDataway } from "../emulator/dataway.ts";
import { startLambda } from "../emulator/lambda.ts";
import { zipFor } from "./layers.ts";
import { type Answer, type Moto, startMoto } from "./moto.ts";

export const REGION = "us-east-1";

/** A function as it was deployed. */
export interface DeployedFunction {
  readonly name: string;
  readonly architecture: string;
  readonly roleArn: string;
  readonly layers: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/** Emulated AWS with both layers and a secret that holds the URL of a running Dataway. */
export interface ExampleAccount extends AsyncDisposable {
  readonly moto: Moto;
  readonly dataway: DatawayDouble;
  readonly layers: { readonly x86_64: string; readonly arm64: string };
  readonly secretArn: string;
  /** Creates a stack of the template and returns its functions by name. Throws with CloudFormation's words. */
  deploy(
    template: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<readonly DeployedFunction[]>;
  functions(): Promise<readonly DeployedFunction[]>;
  /** IAM's decision on reading the secret with this role. */
  mayReadSecret(roleArn: string): Promise<boolean>;
}

/** Starts it all. The layer for x86_64 is the real one. */
export async function createExampleAccount(): Promise<ExampleAccount> {
  const [moto, dataway] = await Promise.all([startMoto(), startDataway()]);
  const call = (service: string, method: string, args: Answer): Promise<Answer> =>
    moto.call(service, REGION, method, args);
  const publish = async (name: string, zip: Uint8Array): Promise<string> => {
    const content = { LayerName: name, Content: { ZipBase64: zip.toBase64() } };
    return (await call("lambda", "publish_layer_version", content)).LayerVersionArn;
  };
  const layers = {
    x86_64: await publish("datakit-x86_64", await Deno.readFile((await buildLayer("amd64")).path)),
    arm64: await publish("datakit-arm64", zipFor("arm64", "example")),
  };
  // As "cdk bootstrap" leaves it: templates of the CDK ask for it.
  const bootstrap = { Name: "/cdk-bootstrap/hnb659fds/version", Type: "String", Value: "21" };
  await call("ssm", "put_parameter", bootstrap);
  const { ARN: secretArn } = await call("secretsmanager", "create_secret", {
    Name: "datakit",
    SecretString: dataway.url,
  });
  const functions = async (): Promise<DeployedFunction[]> => {
    const { Functions } = await call("lambda", "list_functions", {});
    return Functions.map((each: Answer) => ({
      name: each.FunctionName,
      architecture: each.Architectures[0],
      roleArn: each.Role,
      layers: (each.Layers ?? []).map(({ Arn }: Answer) => Arn),
      variables: each.Environment?.Variables ?? {},
    }));
  };
  return {
    moto,
    dataway,
    layers,
    secretArn,
    functions,
    async deploy(TemplateBody, parameters): Promise<readonly DeployedFunction[]> {
      await call("cloudformation", "create_stack", {
        StackName: "example",
        TemplateBody,
        Capabilities: ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
          ParameterKey,
          ParameterValue,
        })),
      });
      return await functions();
    },
    async mayReadSecret(roleArn): Promise<boolean> {
      const { EvaluationResults } = await call("iam", "simulate_principal_policy", {
        PolicySourceArn: roleArn,
        ActionNames: ["secretsmanager:GetSecretValue"],
        ResourceArns: [secretArn],
      });
      return EvaluationResults[0].EvalDecision === "allowed";
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await moto[Symbol.asyncDispose]();
      await dataway[Symbol.asyncDispose]();
    },
  };
}

/**
 * Each function has the layer of its own architecture and no other; those with a secret may read it. Then that for
 * x86_64 is started, and what it sends arrives.
 */
export async function assertWorks(
  account: ExampleAccount,
  found: readonly DeployedFunction[],
): Promise<void> {
  assertEquals(found.map(({ architecture }) => architecture).sort(), ["arm64", "x86_64"]);
  for (const { architecture, layers, variables, roleArn } of found) {
    assertEquals(layers, [architecture === "arm64" ? account.layers.arm64 : account.layers.x86_64]);
    if ("ENV_DATAWAY_SECRET_ARN" in variables) {
      assertEquals(await account.mayReadSecret(roleArn), true, roleArn);
    }
  }
  const started = found.find(({ architecture }) => architecture === "x86_64");
  const [, name = "", version = ""] = /:layer:(.+):(\d+)$/.exec(started?.layers[0] ?? "") ?? [];
  await assertSends(account, await account.moto.zip(REGION, name, Number(version)), started?.variables ?? {});
}

/** Starts the executable of a layer's zip as Lambda would, and waits for what an invocation brings. */
export async function assertSends(
  { moto, dataway }: Pick<ExampleAccount, "moto" | "dataway">,
  zip: Uint8Array<ArrayBuffer>,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const opt = await Deno.makeTempDir({ prefix: "datakit-opt-" });
  try {
    for (const { name, mode, contents } of readZip(zip)) {
      await Deno.mkdir(`${opt}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeFile(`${opt}/${name}`, contents, { mode: mode & 0o777 });
    }
    const before = dataway.points("logging").length;
    await using lambda = await startLambda({
      extension: `${opt}/extensions/datakit`,
      function: "process",
      env: {
        ...variables,
        // What Lambda sets, and what makes this machine stand for AWS.
        AWS_ACCESS_KEY_ID: "TEST-aws",
        AWS_SECRET_ACCESS_KEY: "test",
        AWS_ENDPOINT_URL: moto.endpoint,
        ENV_HTTP_LISTEN: "127.0.0.1:0",
        ENV_DEFAULT_ENABLED_INPUTS: "awslambda",
        // On a busy machine an upload that is cut by the budget would come twice.
        ENV_DATAWAY_BUDGET: "2500ms",
      },
    });
    await lambda.init();
    await lambda.invoke({ logs: ["from the example"] });
    await lambda.shutdown();
    const messages = dataway.points("logging").slice(before).map(({ fields }) => fields.get("message"));
    assertEquals(messages.includes("from the example"), true, lambda.logs.map(({ line }) => line).join("\n"));
  } finally {
    await Deno.remove(opt, { recursive: true });
  }
}
