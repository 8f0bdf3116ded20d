/**
 * The compiled executable in environments that users set up for their own Deno, Node.js, Rust or OpenTelemetry, and in
 * such that nobody would: whatever is set, it registers and asks for events, as each invocation waits for both.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { buildBinary } from "../../../build.ts";
import { type Arch, findBaseRuntime } from "../../../layer/build/base_runtime.ts";
import { lookups } from "../../../layer/build/ignore_variables.ts";
import { startPlatform } from "../../bench/platform.ts";
import { scenario } from "../../support/scenario.ts";

const ROOT = new URL("../../../", import.meta.url).pathname.replace(/\/$/, "");
const ARCHS: readonly Arch[] = ["amd64", "arm64"];
/** Long after a start on a busy machine, in ms. */
const PATIENCE_MS = 20_000;
const NONSENSE: readonly string[] = [
  "",
  "1",
  "nonsense",
  "/missing",
  "/tmp",
  "relative/path",
  "SYSTEM",
  "system",
  "\u{1f4a5}",
];

/**
 * What Deno 2.7.11's base runtime looks up, and libraries in it: seen by a `getenv` that told of its calls, and
 * found among the strings of the file.
 */
const LOOKED_UP: readonly string[] = [
  ...[
    "CERT",
    "TLS_CA_STORE",
    "SERVE_ADDRESS",
    "LOG",
    "LOG_STYLE",
    "TRACE_PERMISSIONS",
    "USE_CGROUPS",
    "V8_FLAGS",
  ],
  ...[
    "USR2_MEMORY_TRIM",
    "TOKIO_METRICS",
    "TOKIO_METRICS_INTERVAL",
    "TOKIO_EVENT_INTERVAL",
    "UNSTABLE_CRON_SOCK",
  ],
  ...["TOKIO_GLOBAL_QUEUE_INTERVAL", "TOKIO_MAX_IO_EVENTS_PER_TICK", "CACHE_LSC_ENDPOINT", "KV_ACCESS_TOKEN"],
  ...[
    "UNSTABLE_FFI_TRACE_TURBO",
    "CRON_TEST_SCHEDULE_OFFSET",
    "DIR",
    "NO_UPDATE_CHECK",
    "AUTH_TOKENS",
    "COMPAT",
  ],
].map((name) => `DENO_${name}`).concat([
  ...[
    "OTEL_DENO",
    "OTEL_DENO_VSOCK",
    "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
  ],
  ...[
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
  ],
  ...[
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_LOG_LEVEL",
  ],
  ...["OTEL_TRACES_SAMPLER", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_PROPAGATORS", "OTEL_SDK_DISABLED"],
  ...["NODE_OPTIONS", "NODE_DEBUG", "NODE_EXTRA_CA_CERTS", "NODE_V8_COVERAGE", "NODE_PENDING_PIPE_INSTANCES"],
  ...["NODE_CHANNEL_FD", "NODE_UNIQUE_ID", "NODE_TLS_REJECT_UNAUTHORIZED", "NODE_NO_WARNINGS", "NODE_PATH"],
  ...["RUST_LOG", "RUST_LOG_STYLE", "RUST_BACKTRACE", "RUST_LIB_BACKTRACE", "RUST_MIN_STACK"],
  ...[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
  ],
  ...["SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "OPENSSL_ia32cap", "SIMDUTF_FORCE_IMPLEMENTATION"],
  ...[
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "TERM",
    "TMUX",
    "CI",
    "REQUEST_METHOD",
  ],
  ...[
    "TZ",
    "TMPDIR",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_MESSAGES",
    "ICU_DATA",
    "ICU_TIMEZONE_FILES_DIR",
    "XDG_CACHE_HOME",
  ],
  ...["JUPYTER", "TMP", "TEMP", "PATH", "PWD", "USER", "SQLITE_TMPDIR", "NPM_CONFIG_REGISTRY", "DENORT_BIN"],
]);

/** Starts the executable, by way of a shell that runs `script` first if there is one, and waits for its second question. */
async function ask(env: Readonly<Record<string, string>>, script?: string): Promise<string> {
  await using platform = startPlatform();
  const path = await buildBinary();
  const [program, args] = script === undefined
    ? [path, []]
    : ["/bin/sh", ["-c", `${script}\nexec "$0"`, path]];
  const command = new Deno.Command(program, {
    args,
    clearEnv: true,
    env: { ...env, AWS_LAMBDA_RUNTIME_API: platform.address },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const process = command.spawn();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) =>
    void (timer = setTimeout(() => resolve("is silent"), PATIENCE_MS))
  );
  const ended = process.output().then(({ code, stderr }) =>
    `ends with ${code}: ${new TextDecoder().decode(stderr)}`
  );
  const asked = platform.next().then((call) => {
    call.reply({});
    return "asks for events";
  });
  const result = await Promise.race([asked, ended, late]);
  clearTimeout(timer);
  if (!result.startsWith("ends")) process.kill("SIGKILL");
  await ended;
  return result;
}

/** Runs the tasks a few at a time, as a start is mostly waiting. */
async function forAll<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await run(item);
  }));
}

async function assertAsks(env: Readonly<Record<string, string>>, script?: string): Promise<void> {
  assertEquals(await ask(env, script), "asks for events", JSON.stringify([env, script]));
}

for (const arch of ARCHS) {
  scenario(`executable for ${arch} looks up no variable by its name`, async () => {
    const before = await findBaseRuntime(arch, `${ROOT}/.cache`, () => {});
    assertEquals(lookups(await Deno.readFile(before.path)).length > 0, true, "the reader finds none at all");
    assertEquals(lookups(await Deno.readFile(await buildBinary({ arch }))).length, 0);
  });
}

scenario(
  "the executable registers and asks for events whatever a variable of its runtime's is set to",
  async () => {
    const environments = NONSENSE.map((value) => Object.fromEntries(LOOKED_UP.map((name) => [name, value])));
    for (
      const name of ["DENO_CERT", "DENO_TLS_CA_STORE", "DENO_SERVE_ADDRESS", "NODE_OPTIONS", "RUST_LOG", "TZ"]
    ) {
      environments.push(...NONSENSE.map((value) => ({ [name]: value })));
    }
    await forAll(environments, (env) => assertAsks(env));
  },
);

scenario("the executable registers and asks for events in any environment", async () => {
  const known = fc.constantFrom("DENO_", "NODE_", "RUST_", "OTEL_", "ENV_", "AWS_", "LAMBDA_", "DD_", "LC_");
  const upper = fc.stringMatching(/^[A-Z_]{1,20}$/);
  const names = fc.oneof(
    fc.tuple(known, upper).map((parts) => parts.join("")),
    fc.constantFrom(...LOOKED_UP),
    fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
  ).filter((name) => !/[=\0]/.test(name) && name !== "AWS_LAMBDA_RUNTIME_API");
  const values = fc.string({ unit: "binary", maxLength: 60 }).map((text) => text.replaceAll("\0", ""));
  const environments = fc.sample(
    fc.dictionary(names, fc.oneof(values, fc.constantFrom(...NONSENSE)), { minKeys: 1, maxKeys: 30 }),
    60,
  );
  await forAll(environments, (env) => assertAsks(env));
});

scenario("the executable registers and asks for events among values that are no text", async () => {
  const octal = (bytes: readonly number[]): string => bytes.map((byte) => `\\${byte.toString(8)}`).join("");
  const bytes = fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 40 });
  const names = ["DENO_CERT", "OTEL_SERVICE_NAME", "ENV_DATAWAY", "ENV_HTTP_LISTEN", "AWS_REGION", "FOO"];
  const scripts = fc.sample(bytes, 12).map((value, index) =>
    `export ${names[index % names.length]}="$(printf '${octal([0xff, ...value])}')"`
  );
  await forAll(scripts, (script) => assertAsks({}, script));
});
