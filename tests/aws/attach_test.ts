/** `deno task attach` as a user runs it, against emulated AWS. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { writeZip } from "../../layer/formats/zip.ts";
import { scenario } from "../support/scenario.ts";
import { runTool, type Told, zipFor } from "./layers.ts";
import { type Answer, type Moto, startMoto } from "./moto.ts";

const REGION = "eu-west-1";
const DATAWAY = "https://openway.example.com?token=tkn_0123456789abcdef";
const LAYER = (name: string, version: number): string =>
  `arn:aws:lambda:${REGION}:123456789012:layer:${name}:${version}`;

/** A function `checkout` with a layer and a variable of its own, and both our layers in the region. */
interface Account extends AsyncDisposable {
  readonly moto: Moto;
  attach(...args: string[]): Promise<Told>;
  publish(name: string, zip?: Uint8Array, description?: string): Promise<string>;
  configuration(): Promise<{ layers: readonly string[]; variables: Readonly<Record<string, string>> }>;
}

async function createAccount(options: Answer = {}): Promise<Account> {
  const moto = await startMoto();
  const records = await Deno.makeTempDir({ prefix: "datakit-attach-" });
  const call = (method: string, args: Answer, service = "lambda"): Promise<Answer> =>
    moto.call(service, REGION, method, args);
  const publish = async (name: string, zip = zipFor("amd64", name), description = ""): Promise<string> => {
    const response = await fetch(`${moto.endpoint}/2018-10-31/layers/${name}/versions`, {
      method: "POST",
      headers: {
        Authorization: `AWS4-HMAC-SHA256 Credential=TEST-aws/20260101/${REGION}/lambda/aws4_request`,
      },
      body: JSON.stringify({
        Content: { ZipFile: zip.toBase64() },
        Description: description,
        ...(name.includes("arm64") ? { CompatibleArchitectures: ["arm64"] } : {}),
      }),
    });
    return (await response.json()).LayerVersionArn;
  };
  const role = await call("create_role", { RoleName: "r", AssumeRolePolicyDocument: "{}" }, "iam");
  const others = [await publish("other")];
  await call("create_function", {
    FunctionName: "checkout",
    Runtime: "nodejs22.x",
    Handler: "index.handler",
    Role: role.Role.Arn,
    Code: {
      ZipBase64: writeZip([{ name: "index.js", contents: new Uint8Array(10), mode: 0o644 }]).toBase64(),
    },
    Layers: others,
    Environment: { Variables: { TABLE: "orders" } },
    ...options,
  });
  return {
    moto,
    publish,
    attach: (...args) =>
      runTool("attach", moto.endpoint, [
        ...args.includes("--function") ? [] : ["--function", "checkout"],
        "--region",
        REGION,
        "--records",
        records,
        ...args,
      ]),
    async configuration(): Promise<{ layers: string[]; variables: Record<string, string> }> {
      const found = await call("get_function_configuration", { FunctionName: "checkout" });
      const layers: readonly { Arn: string }[] = found.Layers ?? [];
      return { layers: layers.map(({ Arn }) => Arn), variables: found.Environment?.Variables ?? {} };
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await moto[Symbol.asyncDispose]();
      await Deno.remove(records, { recursive: true });
    },
  };
}

scenario("attach adds layer and destination, keeps the rest, and undo takes just these off", async () => {
  await using account = await createAccount();
  const layer = await account.publish("datakit-x86_64");
  const args = ["--layer-arn", layer, "--dataway", DATAWAY];
  const before = await account.configuration();
  const dry = await account.attach(...args);
  assertEquals(dry.code, 0, dry.text);
  assertStringIncludes(dry.text, `+ layer ${layer}`);
  assertStringIncludes(dry.text, "+ ENV_DATAWAY=https://openway.example.com/?***");
  assertEquals(dry.text.includes("tkn_0123456789abcdef"), false);
  assertEquals(await account.configuration(), before);

  const done = await account.attach(...args, "--yes");
  assertEquals(done.code, 0, done.text);
  assertEquals(await account.configuration(), {
    layers: [LAYER("other", 1), LAYER("datakit-x86_64", 1)],
    variables: { TABLE: "orders", ENV_DATAWAY: DATAWAY },
  });
  assertStringIncludes((await account.attach(...args, "--yes")).text, "1 function: 1 unchanged");

  // The result alone is on standard output, for a pipe.
  const piped = await account.attach(...args, "--result", "-");
  const { action, functions } = JSON.parse(piped.text.slice(0, piped.text.indexOf("\n}\n") + 2));
  assertEquals([action, functions[0].state, functions[0].layer], ["attach", "unchanged", layer]);
  assertStringIncludes(piped.text.slice(piped.text.indexOf("\n}\n")), "1 function: 1 unchanged");

  const undone = await account.attach("--undo", "--yes");
  assertEquals(undone.code, 0, undone.text);
  assertEquals(await account.configuration(), before);
});

scenario("attach replaces another version in its place, and undo brings version and token back", async () => {
  await using account = await createAccount();
  const one = await account.publish("datakit-x86_64");
  await account.attach("--layer-arn", one, "--dataway", DATAWAY, "--yes");
  const two = await account.publish("datakit-x86_64", zipFor("amd64", "two"));
  const told = await account.attach(
    "--layer-arn",
    two,
    "--dataway",
    "https://other.example.com?token=tkn_b",
    "--yes",
  );
  assertEquals(told.code, 0, told.text);
  assertStringIncludes(told.text, `- layer ${one}`);
  assertEquals((await account.configuration()).layers, [LAYER("other", 1), LAYER("datakit-x86_64", 2)]);
  await account.attach("--undo", "--yes");
  assertEquals(await account.configuration(), {
    layers: [LAYER("other", 1), LAYER("datakit-x86_64", 1)],
    variables: { TABLE: "orders", ENV_DATAWAY: DATAWAY },
  });
});

scenario("attach --undo touches nothing without a record, and --detach needs none", async () => {
  await using account = await createAccount({
    Environment: { Variables: { ENV_DATAWAY: DATAWAY, TABLE: "t" } },
  });
  const layer = await account.publish("datakit-x86_64");
  await account.moto.call("lambda", REGION, "update_function_configuration", {
    FunctionName: "checkout",
    Layers: [LAYER("other", 1), layer],
  });
  const undone = await account.attach("--undo", "--yes");
  assertEquals(undone.code, 1, undone.text);
  assertStringIncludes(undone.text, "there is no record of an attach from this machine: --detach needs none");
  assertEquals((await account.configuration()).layers, [LAYER("other", 1), layer]);
  const told = await account.attach("--detach", "--yes");
  assertEquals(told.code, 0, told.text);
  assertEquals(await account.configuration(), { layers: [LAYER("other", 1)], variables: { TABLE: "t" } });
});

scenario("attach names a secret instead of holding the token", async () => {
  await using account = await createAccount({ Environment: { Variables: { ENV_DATAWAY: DATAWAY } } });
  const layer = await account.publish("datakit-x86_64");
  const secret = `arn:aws:secretsmanager:${REGION}:123456789012:secret:datakit-AbCdEf#url`;
  const told = await account.attach(
    "--layer-arn",
    layer,
    "--dataway-secret",
    secret,
    "--no-role-check",
    "--yes",
  );
  assertEquals(told.code, 0, told.text);
  assertEquals((await account.configuration()).variables, { ENV_DATAWAY_SECRET_ARN: secret });
});

scenario(
  "attach refuses another architecture, a sixth layer and an older glibc, and changes nothing",
  async () => {
    await using account = await createAccount({ Runtime: "python3.11" });
    const layers = [LAYER("other", 1)];
    for (const name of ["b", "c", "d", "e"]) layers.push(await account.publish(name));
    await account.moto.call("lambda", REGION, "update_function_configuration", {
      FunctionName: "checkout",
      Layers: layers,
    });
    const arm = await account.publish("datakit-arm64", zipFor("arm64", "x"), "DataKit glibc>=2.27 sha256:0");
    const told = await account.attach("--layer-arn", arm, "--dataway", DATAWAY, "--yes");
    assertEquals(told.code, 1);
    assertStringIncludes(told.text, "must be for the function's architecture x86_64: it is for arm64");
    assertStringIncludes(told.text, "a function has at most 5 layers: it would have 6");
    assertStringIncludes(told.text, "the layer needs glibc 2.27: the runtime python3.11 has 2.26");
    assertEquals((await account.configuration()).layers, layers);
  },
);

scenario("attach measures what is unpacked, and refuses above 250 MB", async () => {
  await using account = await createAccount();
  const layer = await account.publish("datakit-x86_64");
  const big = writeZip([{ name: "big", contents: new Uint8Array(262_144_001), mode: 0o644 }]);
  await account.moto.call("lambda", REGION, "update_function_configuration", {
    FunctionName: "checkout",
    Layers: [await account.publish("big", big)],
  });
  const told = await account.attach("--layer-arn", layer, "--dataway", DATAWAY, "--yes");
  assertEquals(told.code, 1);
  assertMatch(told.text, /code and layers may have 262144000 bytes unpacked: they would have 26214\d{4}/);
});

scenario(
  "attach says what is wrong in one line: no destination, a bad URL or ARN, no function, a version",
  async () => {
    await using account = await createAccount();
    const layer = await account.publish("datakit-x86_64");
    const errors = [
      [["--layer-arn", layer], "the function has no destination: give --dataway"],
      [
        ["--layer-arn", layer, "--dataway", "openway"],
        "Cannot use --dataway as it must be an http or https URL",
      ],
      [["--layer-arn", "datakit"], "Cannot use --layer-arn as it must be the ARN of a layer's version"],
      [
        ["--layer-arn", layer, "--function", "absent"],
        "Cannot do lambda:GetFunction in eu-west-1: ResourceNotFound",
      ],
      [["--layer-arn", layer, "--function", "checkout:live"], "of which only $LATEST can be changed"],
      [["--layer-arn", layer, "--check", "--yes"], "Cannot change anything with --check"],
      [["--layer-arn", layer, "--undo", "--detach"], "Cannot do several things at once: undo, detach"],
    ] as const;
    for (const [args, text] of errors) {
      const told = await account.attach(...args);
      assertEquals(told.code, 1, told.text);
      assertStringIncludes(told.text, text);
      assertEquals(told.text.includes("    at "), false, told.text);
    }
  },
);

scenario("attach leaves a function alone whose variables it may not decrypt", async () => {
  await using account = await createAccount();
  const layer = await account.publish("datakit-x86_64");
  await account.moto.fail({
    region: REGION,
    action: "GetFunction",
    status: 200,
    code: "",
    message: "",
    body: {
      Configuration: {
        FunctionArn: `arn:aws:lambda:${REGION}:123456789012:function:checkout`,
        Environment: { Error: { ErrorCode: "AccessDeniedException", Message: "kms" } },
      },
    },
  });
  const told = await account.attach("--layer-arn", layer, "--dataway", DATAWAY, "--yes");
  assertEquals(told.code, 1);
  assertStringIncludes(
    told.text,
    "its variables cannot be read: AccessDeniedException (kms:Decrypt is needed)",
  );
  assertEquals((await account.configuration()).variables, { TABLE: "orders" });
});
