/** `deno task publish` as a user runs it, against emulated AWS. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { buildLayer } from "../../build.ts";
import { verifyLayer } from "../../layer/attest/verify_layer.ts";
import { readZip } from "../../layer/formats/zip_reader.ts";
import { scenario } from "../support/scenario.ts";
import { createLayerFolder, publish, runTool } from "./layers.ts";
import { startMoto } from "./moto.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const REGIONS = "us-east-1,eu-west-1,ap-southeast-1";

scenario("publish puts both layers into each region, byte for byte, and writes their ARNs", async () => {
  await using moto = await startMoto();
  await using folder = await createLayerFolder("one");
  const told = await publish(moto.endpoint, folder.path, "--regions", REGIONS, "--yes");
  assertEquals(told.code, 0, told.text);
  assertStringIncludes(told.text, "6 layers: 6 published");
  assertStringIncludes(told.text, "[6/6] ");
  const list = JSON.parse(await Deno.readTextFile(`${folder.path}/arns.json`));
  assertEquals(list.layers.map(({ arn }: { arn: string }) => arn), [
    "arn:aws:lambda:us-east-1:123456789012:layer:datakit-x86_64:1",
    "arn:aws:lambda:us-east-1:123456789012:layer:datakit-arm64:1",
    "arn:aws:lambda:ap-southeast-1:123456789012:layer:datakit-x86_64:1",
    "arn:aws:lambda:ap-southeast-1:123456789012:layer:datakit-arm64:1",
    "arn:aws:lambda:eu-west-1:123456789012:layer:datakit-x86_64:1",
    "arn:aws:lambda:eu-west-1:123456789012:layer:datakit-arm64:1",
  ]);
  assertStringIncludes(
    told.text,
    "| eu-west-1 | `arn:aws:lambda:eu-west-1:123456789012:layer:datakit-x86_64:1` | `arn:aws:lambda:eu-west-1:123456789012:layer:datakit-arm64:1` |",
  );
  for (const region of REGIONS.split(",")) {
    assertEquals(await moto.zip(region, "datakit-x86_64", 1), folder.zips.amd64);
    assertEquals(await moto.zip(region, "datakit-arm64", 1), folder.zips.arm64);
  }
  const [entry] = readZip(await moto.zip("eu-west-1", "datakit-arm64", 1));
  assertEquals([entry?.name, entry?.mode], ["extensions/datakit", 0o100755]);
  const args = { LayerName: "datakit-arm64", VersionNumber: 1 };
  const layer = await moto.call("lambda", "eu-west-1", "get_layer_version", args);
  assertEquals(layer.CompatibleArchitectures, ["arm64"]);
  assertEquals(layer.CompatibleRuntimes.length, 15);
  assertEquals(layer.CompatibleRuntimes.includes("python3.11"), true);
  assertEquals(layer.LicenseInfo, "MIT");
  assertMatch(layer.Description, /^DataKit Lambda extension 2\.0\.0 arm64 glibc>=2\.25 sha256:[0-9a-f]{64}$/);
});

scenario("publish does nothing the second time, and a new version after a change", async () => {
  await using moto = await startMoto();
  await using folder = await createLayerFolder("one");
  const args = ["--regions", "eu-west-1", "--yes"];
  await publish(moto.endpoint, folder.path, ...args);
  const second = await publish(moto.endpoint, folder.path, ...args);
  assertEquals(second.code, 0, second.text);
  assertStringIncludes(second.text, "2 layers: 2 unchanged");
  const published = (await moto.calls()).filter((call) => call === "eu-west-1 PublishLayerVersion");
  assertEquals(published.length, 2);
  await folder.change("two");
  const third = await publish(moto.endpoint, folder.path, ...args, "--arch", "arm64");
  assertStringIncludes(third.text, "published arn:aws:lambda:eu-west-1:123456789012:layer:datakit-arm64:2");
  assertEquals(await moto.zip("eu-west-1", "datakit-arm64", 2), folder.zips.arm64);
});

scenario("publish changes nothing without --yes", async () => {
  await using moto = await startMoto();
  await using folder = await createLayerFolder("one");
  const told = await publish(moto.endpoint, folder.path, "--regions", "eu-west-1", "--share", "public");
  assertEquals(told.code, 0, told.text);
  assertStringIncludes(told.text, "2 layers: 2 planned");
  assertEquals((await moto.calls()).filter((call) => /Publish|Add/.test(call)), []);
  assertEquals(await Deno.stat(`${folder.path}/arns.json`).then(() => true, () => false), false);
});

scenario("publish shares with accounts, organisations and everyone, and adds what lacks later", async () => {
  await using moto = await startMoto();
  await using folder = await createLayerFolder("one");
  const args = ["--regions", "eu-west-1", "--arch", "amd64", "--yes"];
  await publish(moto.endpoint, folder.path, ...args, "--share", "111122223333");
  const more = await publish(moto.endpoint, folder.path, ...args, "--share", "o-a1b2c3d4e5,public");
  assertEquals(more.code, 0, more.text);
  assertStringIncludes(more.text, "stays shared with account 111122223333 as well");
  const [layer] = JSON.parse(await Deno.readTextFile(`${folder.path}/arns.json`)).layers;
  assertEquals(layer.sharedWith, ["account 111122223333", "organisation o-a1b2c3d4e5", "everyone"]);
  const again = await publish(
    moto.endpoint,
    folder.path,
    ...args,
    "--share",
    "o-a1b2c3d4e5,public,111122223333",
  );
  assertEquals(again.code, 0, again.text);
  const grants = (await moto.calls()).filter((call) => call === "eu-west-1 AddLayerVersionPermission");
  assertEquals(grants.length, 3);
});

scenario("publish goes on when regions fail, names what is missing, and completes it next time", async () => {
  await using moto = await startMoto();
  await using folder = await createLayerFolder("one");
  await moto.fail({
    region: "eu-west-1",
    action: "PublishLayerVersion",
    status: 403,
    code: "AccessDeniedException",
    message: "User is not authorized to perform: lambda:PublishLayerVersion",
    times: 2,
  });
  await moto.fail({
    region: "us-east-1",
    action: "AddLayerVersionPermission",
    status: 403,
    code: "AccessDeniedException",
    message: "no",
  });
  const args = ["--regions", REGIONS, "--share", "public", "--parallel", "1", "--yes"];
  const told = await publish(moto.endpoint, folder.path, ...args);
  assertEquals(told.code, 1);
  assertStringIncludes(told.text, "6 layers: 4 published, 2 failed");
  assertStringIncludes(
    told.text,
    "MISSING eu-west-1 arm64: datakit-arm64: Cannot do lambda:PublishLayerVersion in eu-west-1 as the credentials lack the right to",
  );
  assertStringIncludes(
    told.text,
    "MISSING us-east-1 amd64: arn:aws:lambda:us-east-1:123456789012:layer:datakit-x86_64:1 is there, but not shared with everyone",
  );
  const again = await publish(moto.endpoint, folder.path, ...args);
  assertEquals(again.code, 0, again.text);
  assertStringIncludes(again.text, "6 layers: 4 unchanged, 2 published");
  assertEquals(JSON.parse(await Deno.readTextFile(`${folder.path}/arns.json`)).layers.length, 6);
});

scenario(
  "publish repeats what fails in passing, but never makes a second version of the same bytes",
  async () => {
    await using moto = await startMoto();
    await using folder = await createLayerFolder("one");
    const fault = {
      region: "eu-west-1",
      action: "PublishLayerVersion",
      status: 500,
      code: "ServiceException",
    };
    await moto.fail({ ...fault, message: "before", times: 1 });
    await moto.fail({ ...fault, message: "the answer is lost", after: true });
    const told = await publish(
      moto.endpoint,
      folder.path,
      "--regions",
      "eu-west-1",
      "--arch",
      "amd64",
      "--yes",
    );
    assertEquals(told.code, 0, told.text);
    const versions = await moto.call("lambda", "eu-west-1", "list_layer_versions", {
      LayerName: "datakit-x86_64",
    });
    assertEquals(versions.LayerVersions.length, 1);
  },
);

scenario("publish leaves out what a region does not know yet", async () => {
  await using moto = await startMoto();
  await using folder = await createLayerFolder("one");
  const refusal = {
    action: "PublishLayerVersion",
    status: 400,
    code: "InvalidParameterValueException",
    times: 99,
  };
  await moto.fail({
    ...refusal,
    region: "mx-central-1",
    when: "CompatibleArchitectures",
    message:
      "CompatibleArchitectures are not supported in mx-central-1. Please remove the value and try again",
  });
  await moto.fail({
    ...refusal,
    region: "eu-north-1",
    when: "nodejs24.x",
    message:
      "Value at 'compatibleRuntimes' failed to satisfy constraint: Member must satisfy enum value set: [java21, nodejs22.x]",
  });
  const told = await publish(moto.endpoint, folder.path, "--regions", "mx-central-1,eu-north-1", "--yes");
  assertEquals(told.code, 0, told.text);
  assertStringIncludes(told.text, "published without the architecture, which the region does not know");
  assertStringIncludes(told.text, "mx-central-1 arm64: not offered");
  const args = { LayerName: "datakit-arm64", VersionNumber: 1 };
  const layer = await moto.call("lambda", "eu-north-1", "get_layer_version", args);
  assertEquals(layer.CompatibleRuntimes, ["nodejs22.x", "java21"]);
});

scenario("publish tells partitions apart: China's credentials are its own", async () => {
  await using moto = await startMoto();
  await using folder = await createLayerFolder("one");
  const args = ["--regions", "eu-west-1,cn-north-1", "--arch", "amd64", "--yes"];
  const told = await publish(moto.endpoint, folder.path, ...args);
  assertEquals(told.code, 1);
  assertStringIncludes(
    told.text,
    "AWS China: Cannot do sts:GetCallerIdentity in cn-north-1 as the credentials are unknown",
  );
  assertStringIncludes(told.text, "MISSING cn-north-1 amd64: no usable credentials for AWS China");
  const credentials = `${folder.path}/credentials`;
  await Deno.writeTextFile(
    credentials,
    "[china]\naws_access_key_id = TEST-aws-cn\naws_secret_access_key = test\n",
  );
  const both = await publish(
    moto.endpoint,
    folder.path,
    ...args,
    "--profile",
    "aws-cn=china",
    "--credentials",
    "",
  );
  assertEquals(both.code, 1); // an unknown option must not be swallowed
  assertStringIncludes(both.text, "Unknown option '--credentials'");
  const good = await runTool("publish", moto.endpoint, [
    "--folder",
    folder.path,
    ...args,
    "--profile",
    "aws-cn=china",
  ], { AWS_SHARED_CREDENTIALS_FILE: credentials });
  assertEquals(good.code, 0, good.text);
  assertStringIncludes(
    good.text,
    "published arn:aws-cn:lambda:cn-north-1:123456789012:layer:datakit-x86_64:1",
  );
});

scenario("publish goes by way of S3 when a bucket is given, and leaves nothing there", async () => {
  await using moto = await startMoto();
  await using folder = await createLayerFolder("one");
  await moto.call("s3", "us-east-1", "create_bucket", { Bucket: "layers-us-east-1" });
  const args = ["--regions", "us-east-1", "--bucket", "layers-{region}", "--yes"];
  const told = await publish(moto.endpoint, folder.path, ...args);
  assertEquals(told.code, 0, told.text);
  assertEquals(await moto.zip("us-east-1", "datakit-x86_64", 1), folder.zips.amd64);
  const left = await moto.call("s3", "us-east-1", "list_objects_v2", { Bucket: "layers-us-east-1" });
  assertEquals(left.Contents, undefined);
  const absent = await publish(
    moto.endpoint,
    folder.path,
    "--regions",
    "eu-west-1",
    "--bucket",
    "absent",
    "--yes",
  );
  assertEquals(absent.code, 1);
  assertStringIncludes(absent.text, "Cannot do s3:PutObject in eu-west-1: NoSuchBucket (404)");
});

scenario("publish asks for a bucket above the size that a request can have", async () => {
  await using moto = await startMoto();
  await using folder = await createLayerFolder("one");
  await Deno.truncate(`${folder.path}/datakit_aws_extension-linux-arm64.zip`, 50 * 1024 * 1024);
  const told = await publish(moto.endpoint, folder.path, "--regions", "eu-west-1", "--yes");
  assertEquals(told.code, 1);
  assertStringIncludes(
    told.text,
    "Cannot publish the arm64 layer directly as it has 52428800 bytes: give a --bucket",
  );
});

scenario("publish says in one line that there are no credentials", async () => {
  await using folder = await createLayerFolder("one");
  const told = await runTool(
    "publish",
    "http://127.0.0.1:1",
    ["--folder", folder.path, "--regions", "eu-west-1", "--arch", "amd64"],
    { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" },
  );
  assertEquals(told.code, 1);
  assertMatch(
    told.text,
    /AWS: Cannot do sts:GetCallerIdentity in us-east-1 as there are no AWS credentials: set AWS_PROFILE/,
  );
  assertEquals(told.text.includes(" at "), false, told.text);
});

scenario("publish takes the real layers, and leaves a release that can be verified", async () => {
  await using moto = await startMoto();
  const layers = [await buildLayer("amd64"), await buildLayer("arm64")];
  const folder = await Deno.makeTempDir({ prefix: "datakit-publish-" });
  try {
    for (const { path } of layers) {
      for (const suffix of ["", ".sha256", ".cdx.json", ".intoto.json"]) {
        await Deno.copyFile(`${path}${suffix}`, `${folder}/${path.split("/").at(-1)}${suffix}`);
      }
    }
    const release = `${folder}/release`;
    const told = await publish(
      moto.endpoint,
      folder,
      "--regions",
      "eu-west-1",
      "--release",
      release,
      "--yes",
    );
    assertEquals(told.code, 0, told.text);
    assertEquals(Array.from(Deno.readDirSync(release)).length, 9);
    for (const { path } of layers) {
      const results = await verifyLayer(`${release}/${path.split("/").at(-1)}`, ROOT);
      assertEquals(results.filter(({ verdict }) => verdict !== "ok" && verdict !== "note"), []);
    }
    assertEquals(
      await moto.zip("eu-west-1", "datakit-x86_64", 1),
      await Deno.readFile(layers[0]?.path ?? ""),
    );
    assertEquals(await moto.zip("eu-west-1", "datakit-arm64", 1), await Deno.readFile(layers[1]?.path ?? ""));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
