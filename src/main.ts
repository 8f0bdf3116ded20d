/**
 * The executable. Lambda starts it without arguments; the runtime process is started only once we have registered,
 * so registering comes before everything else is even evaluated.
 * @see `spec/lambda.md` 1.1
 */
import { createExtensionsApi } from "./lambda/extensions_api.ts";
import { createRuntimeClient } from "./lambda/runtime_fetch.ts";

const MANAGED_INSTANCES = "lambda-managed-instances";

const env = Deno.env.toObject();
// It would move our listeners somewhere else (`spec/deno.md` 3).
Deno.env.delete("DENO_SERVE_ADDRESS");
// The runtime's own reading of these differs from everyone else's; `dataway/http/proxy.ts` reads them from `env`.
for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]) {
  Deno.env.delete(name);
  Deno.env.delete(name.toLowerCase());
}

// Whatever fails unseen, the function's invocations must go on: an exit of ours is fatal for them.
for (const type of ["unhandledrejection", "error"] as const) {
  addEventListener(type, (event) => {
    event.preventDefault();
    reportUnseen("reason" in event ? event.reason : "error" in event ? event.error : type);
  });
}
let reportUnseen = (error: unknown): void => {
  // deno-lint-ignore no-console
  console.error(
    JSON.stringify({
      level: "error",
      logger: "datakit",
      message: "Unexpected failure",
      error: String(error),
    }),
  );
};

if (Deno.args.length > 0 || env["AWS_LAMBDA_RUNTIME_API"] === undefined) {
  const { runCli } = await import("./cli.ts");
  const print = (line: string): void => void Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  Deno.exit(await runCli({ args: Deno.args, env, print }));
}

const managedInstance = env["AWS_LAMBDA_INITIALIZATION_TYPE"] === MANAGED_INSTANCES;
const runtimeApi = env["AWS_LAMBDA_RUNTIME_API"];
const runtimeClient = createRuntimeClient(runtimeApi);
const api = createExtensionsApi({ runtimeApi, name: executableName(), fetch: runtimeClient.fetch });
const registration = await api.register({ managedInstance });

/** There under V8's `--expose-gc`, which the executable is compiled with. */
const gc: unknown = Reflect.get(globalThis, "gc");
const { runExtension } = await import("./extension.ts");
const { exitCode } = await runExtension({
  env,
  api,
  registration,
  runtimeApi,
  runtimeFetch: runtimeClient.fetch,
  managedInstance,
  hostname: () => Deno.hostname(),
  memoryUsedBytes: () => Deno.memoryUsage().rss,
  ...(typeof gc === "function" ? { collectGarbage: (): void => void gc() } : {}),
  onUnseenError: (report) => void (reportUnseen = report),
});
Deno.exit(exitCode);

/** Lambda knows an extension by its file name under `/opt/extensions`. */
function executableName(): string {
  return Deno.execPath().split("/").at(-1) ?? "datakit";
}
