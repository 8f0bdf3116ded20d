/**
 * Signatures against AWS's published test suite for Signature Version 4, and against botocore.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { assertEquals } from "@std/assert";
import { createSigner } from "../../src/otlp_target/signer.ts";

const CREDENTIALS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: undefined,
};
const AT = Date.parse("2015-08-30T12:36:00Z");
const NEVER = new AbortController().signal;

Deno.test("the signature of `post-vanilla` is that of AWS's suite", async () => {
  const sign = createSigner({
    credentials: () => Promise.resolve(CREDENTIALS),
    service: "service",
    region: "us-east-1",
    now: () => AT,
  });
  const headers = await sign(
    { url: "https://example.amazonaws.com/", headers: {}, body: new Uint8Array() },
    NEVER,
  );
  assertEquals(
    headers["authorization"],
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, " +
      "SignedHeaders=host;x-amz-date, " +
      "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
  );
});

Deno.test("credentials are asked for once, and anew before they expire", async () => {
  let asked = 0;
  let now = AT;
  const sign = createSigner({
    credentials: () =>
      Promise.resolve({ ...CREDENTIALS, expiresAt: AT + 3_600_000, sessionToken: `t${++asked}` }),
    service: "",
    region: "",
    now: () => now,
  });
  const token = async (): Promise<unknown> => {
    const request = {
      url: "https://xray.eu-west-1.amazonaws.com/v1/traces",
      headers: {},
      body: new Uint8Array(),
    };
    return (await sign(request, NEVER))["x-amz-security-token"];
  };
  assertEquals([await token(), await token()], ["t1", "t1"]);
  now += 3_400_000;
  assertEquals(await token(), "t2");
});

Deno.test("service and region are the host's where it tells them", async () => {
  const scopeOf = async (url: string): Promise<string | undefined> => {
    const sign = createSigner({
      credentials: () => Promise.resolve(CREDENTIALS),
      service: "",
      region: "eu-central-1",
      now: () => AT,
    });
    const headers = await sign({ url, headers: {}, body: new Uint8Array() }, NEVER);
    return /Credential=AKIDEXAMPLE\/(\S+)\/aws4_request/.exec(headers["authorization"] ?? "")?.[1];
  };
  assertEquals(
    await scopeOf("https://xray.us-gov-west-1.amazonaws.com/v1/traces"),
    "20150830/us-gov-west-1/xray",
  );
  assertEquals(await scopeOf("https://logs.cn-north-1.amazonaws.com.cn/v1/logs"), "20150830/cn-north-1/logs");
  assertEquals(await scopeOf("https://a.osis.eu-west-1.amazonaws.com/x/v1/logs"), "20150830/eu-west-1/osis");
  assertEquals(await scopeOf("https://collector.example.com/v1/logs"), "20150830/eu-central-1/");
});

Deno.test("a request as ours are has the signature that botocore 1.44.8 gives it", async () => {
  const sign = createSigner({
    credentials: () => Promise.resolve({ ...CREDENTIALS, sessionToken: "session/token+==" }),
    service: "",
    region: "",
    now: () => Date.parse("2026-11-25T20:00:00Z"),
  });
  const headers = await sign({
    url: "https://logs.eu-west-1.amazonaws.com/v1/logs",
    headers: {
      "content-encoding": "gzip",
      "content-type": "application/x-protobuf",
      "user-agent": "datakit-lambda-extension/1",
      "x-aws-log-group": "/aws/a  b",
      "x-aws-log-stream": "2026/11/25/[$LATEST]0",
    },
    body: Uint8Array.from([0x1f, 0x8b, 0x08, 0x00, ...new TextEncoder().encode("body")]),
  }, NEVER);
  assertEquals(
    headers["authorization"],
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261125/eu-west-1/logs/aws4_request, " +
      "SignedHeaders=content-encoding;host;x-amz-date;x-amz-security-token;x-aws-log-group;x-aws-log-stream, " +
      "Signature=bcedd3f09d56a0ce61e832a63c7bef2e5b5c7da770d8ee5bfb9f61d11133559c",
  );
});
