import { assert, assertEquals, assertRejects } from "@std/assert";
import type { DatawaySecret } from "../../../src/config/dataway.ts";
import type { HttpAnswer, Send } from "../../../src/dataway/http/message.ts";
import { readSecretValue } from "../../../src/dataway/secret/secret_store.ts";
import { installFakeTime } from "../../support/fake_time.ts";

const ENV = {
  AWS_REGION: "eu-west-1",
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  AWS_SESSION_TOKEN: "session",
};

function secret(store: DatawaySecret["store"], id: string, key?: string): DatawaySecret {
  return { store, id, key, urls: "" };
}

interface Asked {
  url: string;
  headers: Headers;
  body: unknown;
}

function answer(value: unknown, status = 200): HttpAnswer {
  return { status, headers: new Headers(), text: JSON.stringify(value) };
}

/** An AWS that answers with `value` and writes down what it was asked. */
function aws(value: unknown, status = 200): { send: Send; asked: Asked[] } {
  const asked: Asked[] = [];
  const send: Send = (url, { headers, body, wants }) => {
    assertEquals(wants, "body");
    asked.push({ url, headers: new Headers(headers), body: JSON.parse(new TextDecoder().decode(body)) });
    return Promise.resolve(answer(value, status));
  };
  return { send, asked };
}

Deno.test("readSecretValue() asks Secrets Manager of the ARN's region, signed with the role", async () => {
  const { send, asked } = aws({ SecretString: "https://h?token=t" });
  const arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:dataway-AbCdEf";
  assertEquals(await readSecretValue(secret("secretsmanager", arn), ENV, send), "https://h?token=t");
  const [request] = asked;
  assertEquals(request?.url, "https://secretsmanager.us-west-2.amazonaws.com/");
  assertEquals(request?.body, { SecretId: arn });
  assertEquals(request?.headers.get("x-amz-target"), "secretsmanager.GetSecretValue");
  assertEquals(request?.headers.get("x-amz-security-token"), "session");
  assert(
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-west-2\/secretsmanager\/aws4_request, SignedHeaders=.*x-amz-target.*, Signature=[0-9a-f]{64}$/
      .test(request?.headers.get("authorization") ?? ""),
  );
});

Deno.test("readSecretValue() takes one key of a JSON secret", async () => {
  const { send } = aws({ SecretString: '{"token":"tkn_1","n":1}' });
  assertEquals(await readSecretValue(secret("secretsmanager", "name", "token"), ENV, send), "tkn_1");
  await assertRejects(() => readSecretValue(secret("secretsmanager", "name", "n"), ENV, send), Error, '"n"');
  await assertRejects(() => readSecretValue(secret("secretsmanager", "name", "__proto__"), ENV, send), Error);
});

Deno.test("readSecretValue() asks Systems Manager for the decrypted parameter", async () => {
  const { send, asked } = aws({ Parameter: { Value: "tkn_2" } });
  assertEquals(await readSecretValue(secret("ssm", "/dataway/token"), ENV, send), "tkn_2");
  assertEquals(asked[0]?.url, "https://ssm.eu-west-1.amazonaws.com/");
  assertEquals(asked[0]?.body, { Name: "/dataway/token", WithDecryption: true });
});

Deno.test("readSecretValue() lets KMS decrypt, also in China", async () => {
  const { send, asked } = aws({ Plaintext: "dGtuXzM=" });
  assertEquals(
    await readSecretValue(secret("kms", "Q0lQSEVS"), { ...ENV, AWS_REGION: "cn-north-1" }, send),
    "tkn_3",
  );
  assertEquals(asked[0]?.url, "https://kms.cn-north-1.amazonaws.com.cn/");
  assertEquals(asked[0]?.body, { CiphertextBlob: "Q0lQSEVS" });
});

Deno.test("readSecretValue() tells the store's own words when it refuses", async () => {
  const { send } = aws({ __type: "com.amazon#AccessDeniedException", Message: "no permission" }, 400);
  await assertRejects(
    () => readSecretValue(secret("ssm", "/x"), ENV, send),
    Error,
    "ssm refused: 400 AccessDeniedException no permission",
  );
});

Deno.test("readSecretValue() honours AWS's variables for endpoints", async () => {
  const { send, asked } = aws({ SecretString: "x" });
  await readSecretValue(
    secret("secretsmanager", "s"),
    { ...ENV, AWS_ENDPOINT_URL: "http://127.0.0.1:5000/" },
    send,
  );
  const named = {
    ...ENV,
    AWS_ENDPOINT_URL: "http://no/",
    AWS_ENDPOINT_URL_SECRETS_MANAGER: "http://127.0.0.1:6000/",
  };
  await readSecretValue(secret("secretsmanager", "s"), named, send);
  assertEquals(asked.map(({ url }) => url), ["http://127.0.0.1:5000/", "http://127.0.0.1:6000/"]);
});

Deno.test("readSecretValue() takes a restored sandbox's credentials from the container endpoint", async () => {
  const urls: string[] = [];
  const send: Send = (url) => {
    urls.push(url);
    return Promise.resolve(
      urls.length === 1
        ? answer({ AccessKeyId: "A", SecretAccessKey: "S", Token: "T" })
        : answer({ SecretString: "v" }),
    );
  };
  const env = { AWS_REGION: "eu-west-1", AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1:9/creds" };
  assertEquals(await readSecretValue(secret("secretsmanager", "s"), env, send), "v");
  assertEquals(urls[0], "http://127.0.0.1:9/creds");
  await assertRejects(() => readSecretValue(secret("ssm", "s"), {}, send), Error, "no credentials");
});

Deno.test("readSecretValue() takes an answer that a freeze has kept back, and gives up on one that never comes", async () => {
  for (const answers of [true, false]) {
    using time = installFakeTime();
    const asked = Promise.withResolvers<void>();
    const send: Send = (_url, { signal }) => {
      asked.resolve();
      return new Promise((resolve, reject) => {
        // After thaw elapsed timers fire before the socket is read.
        if (answers) time.inbound(1, () => resolve(answer({ Parameter: { Value: "tkn_2" } })));
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    };
    const value = readSecretValue(secret("ssm", "/x"), ENV, send).catch((error) => error.name);
    await asked.promise;
    time.freeze();
    time.outside(3_600_000, () => time.thaw({ monotonic: true, wallJumpMs: 0 }));
    while (await time.step());
    assertEquals(await value, answers ? "tkn_2" : "TimeoutError");
  }
});
