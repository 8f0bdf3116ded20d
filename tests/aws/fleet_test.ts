/** `deno task attach` on a fleet: 300 functions in three regions, with Lambda's quotas and without some rights. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { scenario } from "../support/scenario.ts";
import { createFleet, type Fleet, type FunctionSpec } from "./fleet.ts";

const REGIONS = ["us-east-1", "eu-west-1", "ap-southeast-1"];
const DATAWAY = "https://openway.example.com?token=tkn_0123456789abcdef";
const ACCOUNT = "123456789012";
const TARGETS = ["--functions-regex", "^(shop|legacy)-", "--regions", REGIONS.join()];

/** A hundred functions: of both architectures, and some of each kind that cannot take the layer. */
function specsOf(region: string): FunctionSpec[] {
  const name = (kind: string, index: number): string => `shop-${kind}-${String(index).padStart(3, "0")}`;
  const ordinary = Array.from({ length: 70 }, (_, index) => ({
    FunctionName: name("node", index),
    Environment: { Variables: { TABLE: `orders-${index}` } },
  }));
  const arm = Array.from({ length: 24 }, (_, index) => ({
    FunctionName: name("arm", index),
    Runtime: "python3.12",
    Architectures: ["arm64"],
  }));
  const image = {
    FunctionName: "shop-image",
    PackageType: "Image",
    Code: { ImageUri: `${ACCOUNT}.dkr.ecr.${region}.amazonaws.com/shop@sha256:${"0".repeat(64)}` },
    Runtime: undefined,
    Handler: undefined,
  };
  const layer = (index: number): string => `arn:aws:lambda:${region}:${ACCOUNT}:layer:other:${index}`;
  const full = { FunctionName: "shop-full", Layers: [1, 2, 3, 4, 5].map(layer) };
  const old = ["java8", "go1.x"].map((Runtime) => ({
    FunctionName: `legacy-${Runtime.slice(0, 2)}`,
    Runtime,
  }));
  const others = ["canary", "batch"].map((FunctionName) => ({ FunctionName }));
  return [...ordinary, ...arm, image, full, ...old, ...others];
}

async function createAll(fleet: Fleet): Promise<void> {
  for (const region of REGIONS) {
    for (let index = 0; index < 5; index++) {
      const content = { LayerName: "other", Content: { ZipBase64: fleet.layers.zips.amd64.toBase64() } };
      await fleet.moto.call("lambda", region, "publish_layer_version", content);
    }
    await fleet.create(region, specsOf(region));
  }
}

scenario(
  "attach plans, changes, checks and takes back 300 functions under Lambda's quotas, and lists those that failed",
  async () => {
    await using fleet = await createFleet(REGIONS);
    await createAll(fleet);
    const before = await fleet.settings(REGIONS);
    assertEquals(Object.keys(before).length, 300);
    // Less than Lambda's own 100 and 15: others use the account, too.
    await fleet.moto.limit({ GetFunction: 25, others: 5 });

    const plan = await fleet.attach(...TARGETS, "--dataway", DATAWAY);
    assertEquals(plan.code, 0, plan.text);
    assertEquals(plan.result.counts, { planned: 282, skipped: 12 });
    assertEquals((plan.text + JSON.stringify(plan.result)).includes("tkn_0123456789abcdef"), false);
    assertStringIncludes(plan.text, "To change 70 in eu-west-1: shop-node-000, shop-node-001");
    assertStringIncludes(plan.text, `+ layer arn:aws:lambda:eu-west-1:${ACCOUNT}:layer:datakit-arm64:1`);
    assertMatch(plan.text, /Skipped in us-east-1: shop-image\n {2}it is a container image/);
    assertMatch(plan.text, /shop-full\n {2}a function has at most 5 layers: it would have 6/);
    assertMatch(plan.text, /legacy-ja\n {2}the layer needs glibc 2\.25: the runtime java8 has 2\.17/);
    assertEquals(await fleet.settings(REGIONS), before);

    // Denied for good, a lost answer that was a yes, and somebody else who changes the function at the same time.
    const update = { region: "eu-west-1", action: "UpdateFunctionConfiguration" };
    const denied = ["shop-node-007", "shop-arm-003"];
    for (const path of denied) {
      await fleet.moto.fail({
        ...update,
        path,
        status: 403,
        code: "AccessDeniedException",
        message: "not authorized",
        times: 9,
      });
    }
    await fleet.moto.fail({
      ...update,
      path: "shop-node-001",
      status: 500,
      code: "ServiceException",
      message: "x",
      after: true,
    });
    await fleet.moto.fail({
      ...update,
      path: "shop-node-002",
      status: 409,
      code: "ResourceConflictException",
      message: "An update is in progress",
    });
    await fleet.moto.fail({
      ...update,
      path: "shop-node-003",
      status: 412,
      code: "PreconditionFailedException",
      message: "x",
    });
    const done = await fleet.attach(...TARGETS, "--dataway", DATAWAY, "--yes");
    assertEquals(done.code, 1, done.text);
    assertEquals(done.result.counts, { changed: 280, failed: 2, skipped: 12 });
    assertStringIncludes(done.text, "[282/282] ");
    for (const name of denied) {
      assertMatch(
        done.text,
        new RegExp(`FAILED eu-west-1 ${name}: Cannot do lambda:UpdateFunctionConfiguration`),
      );
    }

    // Many calls came too early, and each was repeated until it was taken.
    assertEquals(await fleet.moto.refused() > 20, true, String(await fleet.moto.refused()));
    await fleet.moto.limit(null);

    const check = await fleet.attach(...TARGETS, "--dataway", DATAWAY, "--check");
    assertEquals(check.code, 1, check.text);
    const drifted = check.result.functions.filter(({ state }) => state === "drifted");
    assertEquals(
      drifted.map((line) => `${line.region} ${line.function}`).sort(),
      denied.map((name) => `eu-west-1 ${name}`).sort(),
    );

    const undone = await fleet.attach(...TARGETS, "--undo", "--yes");
    assertEquals(undone.code, 0, undone.text);
    assertEquals(undone.result.counts, { changed: 280, skipped: 14 });
    assertEquals(await fleet.settings(REGIONS), before);
  },
);

scenario("attach sees every function although pages of the list are refused in between", async () => {
  await using fleet = await createFleet(["eu-west-1"]);
  await fleet.create("eu-west-1", Array.from({ length: 120 }, (_, index) => ({ FunctionName: `f${index}` })));
  for (const code of ["TooManyRequestsException", "ThrottlingException"]) {
    await fleet.moto.fail({
      region: "eu-west-1",
      action: "ListFunctions",
      query: "Marker=50",
      status: 429,
      code,
      message: "Rate exceeded",
    });
  }
  const plan = await fleet.attach("--all", "--regions", "eu-west-1", "--dataway", DATAWAY);
  assertEquals(plan.code, 0, plan.text);
  assertEquals(plan.result.counts, { planned: 120 });
});

scenario("attach chooses by tag, pattern and exclusion, and leaves all others alone", async () => {
  await using fleet = await createFleet(["eu-west-1"]);
  await fleet.create("eu-west-1", [
    { FunctionName: "pay-a", Tags: { team: "pay", stage: "prod" } },
    { FunctionName: "pay-b", Tags: { team: "pay", stage: "dev" } },
    { FunctionName: "pay-canary", Tags: { team: "pay", stage: "prod" } },
    { FunctionName: "mail", Tags: { team: "mail", "aws:cloudformation:stack-name": "mail-stack" } },
    { FunctionName: "plain" },
  ]);
  const chosen = async (...args: string[]): Promise<readonly string[]> => {
    const { result } = await fleet.attach(...args, "--regions", "eu-west-1", "--dataway", DATAWAY);
    return result.functions.map((line) => line.function);
  };
  assertEquals(await chosen("--tag", "team=pay", "--tag", "stage=prod", "--exclude", "canary"), ["pay-a"]);
  assertEquals(await chosen("--tag", "team", "--functions-regex", "^pay|^plain"), [
    "pay-a",
    "pay-b",
    "pay-canary",
  ]);
  assertEquals(await chosen("--function", "plain", "--function", "mail"), ["plain", "mail"]);
  assertEquals(await chosen("--all", "--exclude", "^pay"), ["mail", "plain"]);
  const plan = await fleet.attach("--function", "mail", "--regions", "eu-west-1", "--dataway", DATAWAY);
  assertStringIncludes(plan.text, "note: belongs to the CloudFormation stack mail-stack");
});

scenario("attach looks for a name in each region, and minds only one that is nowhere", async () => {
  await using fleet = await createFleet(["us-east-1", "eu-west-1"]);
  await fleet.create("eu-west-1", [{ FunctionName: "here" }]);
  const args = ["--regions", "us-east-1,eu-west-1", "--dataway", DATAWAY];
  const found = await fleet.attach("--function", "here", ...args);
  assertEquals([found.code, found.result.counts], [0, { planned: 1 }], found.text);
  const absent = await fleet.attach("--function", "here", "--function", "nowhere", ...args);
  assertEquals([absent.code, absent.result.counts], [1, { planned: 1, failed: 2 }], absent.text);
  const web = await fleet.attach(
    "--function",
    `arn:aws:lambda:eu-west-1:${ACCOUNT}:web-function/shop`,
    ...args,
  );
  assertEquals(web.code, 1);
  assertStringIncludes(web.text, "it is a Lambda Web Function: these have no layers and no extensions");
});

scenario("attach goes on when a region does not let it in, and says so at the end", async () => {
  await using fleet = await createFleet(["us-east-1", "eu-west-1"]);
  for (const region of ["us-east-1", "eu-west-1"]) await fleet.create(region, [{ FunctionName: "shop" }]);
  await fleet.moto.fail({
    region: "us-east-1",
    action: "ListFunctions",
    status: 403,
    code: "AccessDeniedException",
    message: "not authorized to perform: lambda:ListFunctions",
  });
  const told = await fleet.attach("--all", "--regions", "us-east-1,eu-west-1", "--dataway", DATAWAY, "--yes");
  assertEquals(told.code, 1);
  assertEquals(told.result.counts, { changed: 1 });
  assertEquals(told.result.failedRegions.map(({ region }) => region), ["us-east-1"]);
  assertStringIncludes(
    told.text,
    "FAILED us-east-1: Cannot do lambda:ListFunctions in us-east-1 as the credentials lack",
  );
});

scenario("attach --secret-arn asks IAM for each role, and says the statement that is missing", async () => {
  await using fleet = await createFleet(["eu-west-1"]);
  const { moto } = fleet;
  const key = await moto.call("kms", "eu-west-1", "create_key", {});
  const secret = await moto.call("secretsmanager", "eu-west-1", "create_secret", {
    Name: "datakit",
    SecretString: DATAWAY,
    KmsKeyId: key.KeyMetadata.Arn,
  });
  const role = async (RoleName: string, ...statements: unknown[]): Promise<string> => {
    const { Role } = await moto.call("iam", "us-east-1", "create_role", {
      RoleName,
      AssumeRolePolicyDocument: "{}",
    });
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: statements });
    await moto.call("iam", "us-east-1", "put_role_policy", { RoleName, PolicyName: "p", PolicyDocument });
    return Role.Arn;
  };
  const read = { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: secret.ARN };
  const decrypt = { Effect: "Allow", Action: "kms:Decrypt", Resource: key.KeyMetadata.Arn };
  await fleet.create("eu-west-1", [
    { FunctionName: "may", Role: await role("may", read, decrypt) },
    {
      FunctionName: "may-too",
      Role: await role("may-too", { ...read, Resource: "*" }, { ...decrypt, Action: "kms:*" }),
    },
    {
      FunctionName: "may-not",
      Role: await role("may-not", { ...read, Resource: `${secret.ARN}-other` }, decrypt),
    },
    { FunctionName: "no-key", Role: await role("no-key", read) },
    { FunctionName: "refused", Role: await role("refused", read, decrypt, { ...read, Effect: "Deny" }) },
  ]);
  const args = ["--all", "--regions", "eu-west-1", "--secret-arn", `${secret.ARN}#url`];
  const done = await fleet.attach(...args, "--yes");
  assertEquals(done.result.counts, { changed: 2, skipped: 3 }, done.text);
  const reasonOf = (name: string): string | undefined =>
    done.result.functions.find((line) => line.function === name)?.reasons[0];
  assertStringIncludes(
    reasonOf("may-not") ?? "",
    "may not read the secret: secretsmanager:GetSecretValue: implicitDeny",
  );
  assertStringIncludes(reasonOf("no-key") ?? "", "may not read the secret: kms:Decrypt: implicitDeny");
  assertStringIncludes(reasonOf("refused") ?? "", "secretsmanager:GetSecretValue: explicitDeny");
  assertStringIncludes(done.text, `role/may-not lacks\n  ${JSON.stringify(read)}`);
  assertStringIncludes(done.text, `role/no-key lacks\n  ${JSON.stringify(decrypt)}`);
  const settings = await fleet.settings(["eu-west-1"]);
  assertEquals(settings["eu-west-1 may"]?.variables, { ENV_DATAWAY_SECRET_ARN: `${secret.ARN}#url` });
  assertEquals(settings["eu-west-1 no-key"]?.variables, {});

  const forced = await fleet.attach(...args, "--no-role-check", "--yes");
  assertEquals(forced.result.counts, { unchanged: 2, changed: 3 }, forced.text);
  // Settings as wished, but three roles may not read the secret: nothing would arrive from them.
  const check = await fleet.attach(...args, "--check");
  assertEquals([check.code, check.result.counts], [1, { unchanged: 2, drifted: 3 }], check.text);
  const absent = await fleet.attach("--all", "--regions", "eu-west-1", "--secret-arn", `${secret.ARN}x`);
  assertEquals(absent.code, 1);
  assertStringIncludes(absent.text, "secretsmanager:DescribeSecret in eu-west-1: ResourceNotFoundException");
});

scenario("attach goes on where IAM may not be asked, and says which statement roles need", async () => {
  await using fleet = await createFleet(["eu-west-1"]);
  await fleet.create("eu-west-1", [{ FunctionName: "shop" }]);
  const { ARN } = await fleet.moto.call("secretsmanager", "eu-west-1", "create_secret", {
    Name: "datakit",
    SecretString: DATAWAY,
  });
  for (const region of ["us-east-1", "eu-west-1"]) {
    await fleet.moto.fail({
      region,
      action: "POST /",
      when: "SimulatePrincipalPolicy",
      status: 403,
      code: "AccessDenied",
      message: "not authorized to perform: iam:SimulatePrincipalPolicy",
    });
  }
  const told = await fleet.attach(
    "--function",
    "shop",
    "--regions",
    "eu-west-1",
    "--secret-arn",
    ARN,
    "--yes",
  );
  assertEquals(told.code, 0, told.text);
  assertEquals(told.result.counts, { changed: 1 });
  assertStringIncludes(told.text, "needs (it could not be checked: Cannot do iam:SimulatePrincipalPolicy");
  assertStringIncludes(told.text, `"Action":"secretsmanager:GetSecretValue","Resource":"${ARN}"`);
});

scenario(
  "attach takes its options from a file, pins the extension's version, and detaches what it put there",
  async () => {
    await using fleet = await createFleet(["eu-west-1"]);
    await fleet.create("eu-west-1", [{ FunctionName: "shop", Environment: { Variables: { TABLE: "t" } } }]);
    const older = "arn:aws:lambda:eu-west-1:123456789012:layer:datakit-x86_64:2";
    await fleet.moto.call("lambda", "eu-west-1", "publish_layer_version", {
      LayerName: "datakit-x86_64",
      Description: "DataKit Lambda extension 1.9.3 x86_64 glibc>=2.25 sha256:0",
      Content: { ZipBase64: fleet.layers.zips.amd64.toBase64() },
    });
    const config = `${fleet.layers.path}/attach.json`;
    const options = {
      function: ["shop"],
      regions: "eu-west-1",
      "extension-version": "1.9.3",
      dataway: DATAWAY,
    };
    await Deno.writeTextFile(config, JSON.stringify(options));
    const done = await fleet.attach("--config", config, "--yes");
    assertEquals(done.code, 0, done.text);
    assertEquals((await fleet.settings(["eu-west-1"]))["eu-west-1 shop"], {
      layers: [older],
      variables: { TABLE: "t", ENV_DATAWAY: DATAWAY },
    });
    const unpinned = await fleet.attach("--config", config, "--extension-version", "2.0.0", "--check");
    assertEquals(unpinned.code, 1);
    assertEquals(unpinned.result.functions[0]?.changes, [
      `- layer ${older}`,
      `+ layer ${older.replace(/2$/, "1")}`,
    ]);
    const unknown = await fleet.attach("--config", config, "--extension-version", "3.0.0");
    assertStringIncludes(unknown.text, "says that it is of the extension 3.0.0");
    const detached = await fleet.attach("--function", "shop", "--regions", "eu-west-1", "--detach", "--yes");
    assertEquals(detached.code, 0, detached.text);
    const settings = await fleet.settings(["eu-west-1"]);
    assertEquals(settings["eu-west-1 shop"], { layers: [], variables: { TABLE: "t" } });
  },
);
