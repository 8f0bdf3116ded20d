/** The compiled executable's `doctor`: what it says, and its exit code, before servers that are not as they should be. */
import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { buildBinary } from "../../../build.ts";
import { createTestCertificate } from "../../emulator/dataway_certificate.ts";
import { type ReplyDetails, startScriptedServer, type TlsIdentity } from "../../emulator/scripted_server.ts";
import { scenario } from "../../support/scenario.ts";

const TOKEN = "tkn_0123456789abcdef0123456789abcdef";
const HOST = "127.0.0.1";
/** Nobody listens there. */
const DEAD_PORT = 9;
/** Ports of their own, as other tests may have the usual ones. */
const QUIET = { ENV_HTTP_LISTEN: `${HOST}:0`, ENV_DEFAULT_ENABLED_INPUTS: "awslambda" };

const OK: ReplyDetails = { status: 200, body: "{}", headers: { "content-type": "application/json" } };

type Env = Readonly<Record<string, string>>;

interface Answer {
  readonly code: number;
  readonly text: string;
}

async function run(args: readonly string[], env: Env): Promise<Answer> {
  const { code, stdout, stderr } = await new Deno.Command(await buildBinary(), {
    args: [...args],
    clearEnv: true,
    env,
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(new TextDecoder().decode(stderr), "");
  assertNotMatch(text, /0123456789abcdef|hunter2/);
  return { code, text };
}

const doctor = (env: Env, ...args: string[]): Promise<Answer> =>
  run(["doctor", ...args], { ...QUIET, ...env });

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly paths: readonly string[];
}

function serve(answer: (method: string, token: string | null) => ReplyDetails, tls?: TlsIdentity): Server {
  const paths: string[] = [];
  const server = startScriptedServer({
    tls,
    receive: ({ method, target }) => {
      const { pathname, searchParams } = new URL(target, "http://server");
      paths.push(`${method} ${pathname}`);
      return { step: answer(method, searchParams.get("token")) };
    },
  });
  return { ...server, url: `${server.origin}?token=${TOKEN}`, paths };
}

/** As Dataway answers to a token that it knows, and to one that it does not. */
function dataway(_method: string, token: string | null): ReplyDetails {
  return token === TOKEN ? OK : { status: 403, body: '{"error_code":"kodo.tokenNotFound"}' };
}

/** Made by openssl as users make theirs. */
async function selfSigned(
  folder: string,
  isAuthority: boolean,
): Promise<{ cert: string; key: string; file: string }> {
  const [key, file] = [`${folder}/key-${isAuthority}.pem`, `${folder}/cert-${isAuthority}.pem`];
  const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key, "-out", file];
  args.push("-subj", "/CN=dataway", "-addext", `subjectAltName=IP:${HOST}`);
  args.push("-addext", `basicConstraints=critical,CA:${isAuthority ? "TRUE" : "FALSE"}`);
  const { success, stderr } = await new Deno.Command("openssl", { args }).output();
  assert(success, new TextDecoder().decode(stderr));
  return { cert: await Deno.readTextFile(file), key: await Deno.readTextFile(key), file };
}

scenario(
  "doctor: exit code 0 before a Dataway that takes the token, which it was sent nothing but",
  async () => {
    await using server = serve(dataway);
    const { code, text } = await doctor({ ENV_DATAWAY: server.url, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512" });
    assertMatch(
      text,
      new RegExp(`ok    http://${HOST}:${server.port}: answers \\(200\\) and takes the token`),
    );
    assertMatch(text, /ok {4}memory: 512 MB/);
    assertEquals(code, 0, text);
    assertEquals(server.paths, ["GET /v1/datakit/pull"]);
  },
);

scenario("doctor: a token that is refused is a fault, by question, by upload and by sending", async () => {
  await using server = serve(dataway);
  const url = server.url.replace(TOKEN, "tkn_ffff0123456789abcdef");
  for (const args of [[], ["--send"], ["--json"]]) {
    const { code, text } = await doctor({ ENV_DATAWAY: url }, ...args);
    assertEquals(code, 1, text);
    assertMatch(text, /refuses the token.*tokenNotFound/);
  }
  for (const status of [401, 403]) {
    // A Dataway that does not know the question.
    await using old = serve((method) => ({ status: method === "GET" ? 404 : status, body: "" }));
    const { code, text } = await doctor({ ENV_DATAWAY: old.url });
    assertEquals(code, 1);
    assertMatch(text, new RegExp(`refuses the token \\(${status}\\)`));
    assertEquals(old.paths, ["GET /v1/datakit/pull", "POST /v1/write/metric"]);
  }
});

scenario("doctor: a web page, a redirect, an error and a server that is no Dataway are faults", async () => {
  const headers = { "content-type": "text/html" };
  const cases: readonly (readonly [answer: () => ReplyDetails, said: RegExp])[] = [
    [
      () => ({ status: 200, body: "<html>Please log in</html>", headers }),
      /FAULT .*web page \(200\): a captive portal/,
    ],
    [() => ({ status: 200, body: "<!DOCTYPE html>" }), /FAULT .*web page/],
    [
      () => ({ status: 302, body: "", headers: { location: `https://portal.test/?token=${TOKEN}` } }),
      /FAULT .*redirects \(302\) to https:\/\/portal\.test,/,
    ],
    [
      () => ({ status: 403, body: '{"error_code":"kodo.beyondDataUsage"}' }),
      /FAULT .*no room for more data \(403: .*: the workspace's quota is used up/,
    ],
    [() => ({ status: 503, body: "busy" }), /FAULT .*out of order \(503: busy\)/],
    [() => ({ status: 404, body: "" }), /FAULT .*is no Dataway/],
    [() => ({ status: 407, body: "log in" }), /FAULT .*a proxy that wants a user name/],
  ];
  for (const [answer, said] of cases) {
    await using server = serve(answer);
    const { code, text } = await doctor({ ENV_DATAWAY: server.url });
    assertMatch(text, said);
    assertEquals(code, 1, text);
  }
  await using portal = serve(() => ({ status: 200, body: "<html>Please log in</html>", headers }));
  const { code, text } = await doctor({ ENV_DATAWAY: portal.url }, "--send");
  assertMatch(text, /did not take a point: .*web page/);
  assertEquals(code, 1);
});

scenario("doctor: a dead proxy is named with its variable, and without its password", async () => {
  const proxy = `http://user:hunter2hunter2@${HOST}:${DEAD_PORT}`;
  const cases: readonly (readonly [name: string, env: Env])[] = [
    ["HTTPS_PROXY", { ENV_DATAWAY: `https://dataway.test?token=${TOKEN}`, HTTPS_PROXY: proxy }],
    ["https_proxy", { ENV_DATAWAY: `https://dataway.test?token=${TOKEN}`, https_proxy: proxy }],
    ["HTTP_PROXY", { ENV_DATAWAY: `http://dataway.test?token=${TOKEN}`, HTTP_PROXY: proxy }],
    ["ENV_DATAWAY_HTTP_PROXY", {
      ENV_DATAWAY: `https://dataway.test?token=${TOKEN}`,
      ENV_DATAWAY_HTTP_PROXY: proxy,
    }],
  ];
  for (const [name, env] of cases) {
    for (const args of [[], ["--send"]]) {
      const { code, text } = await doctor(env, ...args);
      assertMatch(
        text,
        new RegExp(`FAULT .*the proxy ${HOST}:${DEAD_PORT} of ${name} does not answer: nobody listens`),
      );
      assertEquals(code, 1);
    }
  }
});

scenario("doctor: what is wrong with a certificate is one sentence with the way out", async () => {
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  const elsewhere = await Deno.makeTempDir({ dir: "/var/tmp" });
  try {
    const server = await selfSigned(folder, false);
    await using own = serve(dataway, server);
    const untrusted = await doctor({ ENV_DATAWAY: own.url });
    assertMatch(
      untrusted.text,
      /self-signed or of a private authority.*ENV_DATAWAY_CA_FILE \(below \/opt, \/var\/task or/,
    );
    assertEquals(untrusted.code, 1);

    const trusted = await doctor({ ENV_DATAWAY: own.url, ENV_DATAWAY_CA_FILE: server.file });
    assertMatch(trusted.text, /takes the token/);
    assertEquals(trusted.code, 0, trusted.text);

    await Deno.copyFile(server.file, `${elsewhere}/ca.pem`);
    const outside = await doctor({ ENV_DATAWAY: own.url, ENV_DATAWAY_CA_FILE: `${elsewhere}/ca.pem` });
    assertMatch(
      outside.text,
      /ENV_DATAWAY_CA_FILE .*files below \/opt, \/var\/task and \/tmp alone can be read/,
    );
    assertEquals(outside.code, 1);

    const authority = await selfSigned(folder, true);
    await using asAuthority = serve(dataway, authority);
    const wrong = await doctor({ ENV_DATAWAY: asAuthority.url, ENV_DATAWAY_CA_FILE: authority.file });
    assertMatch(wrong.text, /one of an authority \(CA:TRUE\), which no server may show/);
    assertEquals(wrong.code, 1);

    const otherName = await doctor({
      ENV_DATAWAY: own.url.replace(HOST, "localhost"),
      ENV_DATAWAY_CA_FILE: server.file,
    });
    assertMatch(otherName.text, /certificate is for another name/);

    for (
      const [days, said] of [[-2, /certificate has expired/], [2, /certificate is not valid yet/]] as const
    ) {
      const { ca, cert, key } = await createTestCertificate(undefined, Date.now() + days * 86_400_000);
      await Deno.writeTextFile(`${folder}/ca.pem`, ca);
      await using late = serve(dataway, { cert, key });
      const answer = await doctor({ ENV_DATAWAY: late.url, ENV_DATAWAY_CA_FILE: `${folder}/ca.pem` });
      assertMatch(answer.text, said);
      assertEquals(answer.code, 1);
    }

    await using plain = serve(dataway);
    const noTls = await doctor({ ENV_DATAWAY: plain.url.replace("http:", "https:") });
    assertMatch(noTls.text, /speaks no TLS: is http:\/\/ meant for https:\/\/\?/);
    assertEquals(noTls.code, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(elsewhere, { recursive: true });
  }
});

scenario("doctor: unknown names and placeholders are faults although all else is well", async () => {
  await using server = serve(() => OK);
  const unknown = await doctor({ ENV_DATAWAY: server.url, ENV_SPOOOL: "on", ENV_STAGE: "prod" });
  assertMatch(unknown.text, /Cannot use ENV_SPOOOL as there is no such setting: is ENV_SPOOL meant\?/);
  assertNotMatch(unknown.text, /ENV_STAGE/);
  assertEquals(unknown.code, 1);
  for (
    const placeholder of [
      "<your-token>",
      "%3Cyour-token%3E",
      "${TOKEN}",
      "tkn_xxxxxxxx",
      "YOUR_TOKEN",
      "tkn_***",
    ]
  ) {
    const { code, text } = await doctor({ ENV_DATAWAY: server.url.replace(TOKEN, placeholder) });
    assertMatch(text, /the token of ENV_DATAWAY as it is a guide's placeholder/, placeholder);
    assertEquals(code, 1);
  }
});

scenario(
  "doctor: ports that are taken, too little memory, and a file that Lambda does not start are faults",
  async () => {
    await using server = serve(() => OK);
    using taken = Deno.listen({ hostname: HOST, port: 0 });
    const { code, text } = await doctor({
      ENV_DATAWAY: server.url,
      ENV_DEFAULT_ENABLED_INPUTS: "opentelemetry",
      ENV_INPUT_OTEL_HTTP: `${HOST}:${taken.addr.port}`,
      ENV_INPUT_OTEL_GRPC: "off",
      AWS_LAMBDA_FUNCTION_NAME: "checkout",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "64",
    });
    assertMatch(
      text,
      new RegExp(`FAULT ports: ${HOST}:${taken.addr.port} \\(OTLP/HTTP, tcp\\) is taken: another layer`),
    );
    assertMatch(text, /FAULT memory: 64 MB are too little/);
    assertMatch(text, /FAULT layer: .*\/opt\/extensions/);
    assertMatch(text, /ok {4}architecture: x86_64/);
    assertEquals(code, 1);
  },
);

scenario(
  "doctor: a second target that refuses or is no such thing is a fault beside a Dataway that is well",
  async () => {
    await using server = serve(dataway);
    const base = (url: string): string => url.split("?")[0] ?? "";
    const cases: readonly (readonly [answer: () => ReplyDetails, code: number, said: RegExp])[] = [
      [() => ({ status: 200 }), 0, /ok {4}http:\/\/\S+\/v1\/traces: takes traces/],
      [
        () => ({ status: 401, body: "no key" }),
        1,
        /FAULT \S+\/v1\/logs: refuses us \(.*401.*no key/,
      ],
      [
        () => ({ status: 404, body: "nothing here" }),
        1,
        /FAULT .*\/v1\/metrics: does not take metrics: .*404/,
      ],
      [
        () => ({ status: 200, body: "<html>log in</html>", headers: { "content-type": "text/html" } }),
        1,
        /FAULT .*\/v1\/logs: does not take logs: .*a web page/,
      ],
    ];
    for (const [answer, code, said] of cases) {
      await using target = serve(answer);
      const found = await doctor({
        ENV_DATAWAY: server.url,
        ENV_OTLP_TARGET: base(target.url),
        ENV_OTLP_TARGET_HEADERS: "api-key=hunter2hunter2",
      });
      assertMatch(found.text, said);
      assertEquals(found.code, code, found.text);
      assertEquals(target.paths.toSorted(), ["POST /v1/logs", "POST /v1/metrics", "POST /v1/traces"]);
    }
    // Without a Dataway it is all there is.
    const dead = await doctor({ ENV_OTLP_TARGET: `http://${HOST}:${DEAD_PORT}` });
    assertMatch(dead.text, /FAULT .*\/v1\/traces: is out of reach: nobody listens there/);
    assertNotMatch(dead.text, /nothing would be sent/);
    assertEquals(dead.code, 1);
  },
);

scenario("doctor --json is one JSON document with the same findings", async () => {
  await using server = serve(dataway);
  const { code, text } = await doctor({ ENV_DATAWAY: server.url, ENV_DATAWAY_TIMEOUT: "20" }, "--json");
  const { ok, settings, dataway: [finding] } = JSON.parse(text);
  assertEquals([code, ok, finding.outcome], [0, true, "ok"]);
  assertEquals(
    settings.find(({ name }: { name: string }) => name === "ENV_DATAWAY_TIMEOUT").value,
    "20 (a bare number counts seconds: 20s)",
  );
});

scenario(
  "the executable answers --help, and words it does not know, with usage and never with a stack",
  async () => {
    const cases: readonly (readonly [args: string, code: number, said: RegExp])[] = [
      ["--help", 0, /doctor --send/],
      ["doctor --help", 0, /spawnSync\("\/opt\/extensions\/datakit", \["doctor"\]\)/],
      ["status --help", 0, /Exit code 0: nothing is wrong/],
      ["doctor --sned", 2, /Cannot understand the argument "--sned"[\s\S]*datakit doctor/],
      ["doctor send", 2, /Cannot understand the argument "send"/],
      ["doctor --send=yes", 2, /Cannot use --send with a value/],
      ["status --port", 2, /Cannot use --port as its value is missing/],
      ["status --port=http", 2, /Cannot use --port as it must be from 1 to 65535/],
      ["help me", 2, /Cannot understand these arguments/],
      ["constructor", 2, /Cannot understand these arguments/],
    ];
    for (const [args, code, said] of cases) {
      const answer = await run(args.split(" "), {});
      assertMatch(answer.text, said);
      assertNotMatch(answer.text, /\.ts:|\.js:|^ +at /m);
      assertEquals(answer.code, code, args);
    }
  },
);
