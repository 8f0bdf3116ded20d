/** One session of `deno task local`: the sandbox, what drives it, and its end. */
import { createControls } from "../controls.ts";
import { startDataway } from "../dataway.ts";
import { extensionName } from "../generation.ts";
import { type Lambda, startLambda } from "../lambda.ts";
import type { ExtensionSource, FunctionCommand } from "../options.ts";
import { openPage, type Page } from "../page/open_page.ts";
import { openBrowser, withStart } from "../page/show_run.ts";
import { sleep } from "../waiters.ts";
import type { LocalArguments } from "./arguments.ts";
import { createControlGroup } from "./control_group.ts";
import { createForwarder } from "./forward.ts";
import { startInvokeServer } from "./invoke_server.ts";
import { createStory, failed, type Story } from "./story.ts";
import { watchFiles } from "./watch_files.ts";

export interface SessionOptions {
  readonly asked: LocalArguments;
  readonly command: FunctionCommand;
  /** The function's folder. */
  readonly folder: string;
  readonly handler: string;
  readonly extensions: readonly ExtensionSource[];
  readonly extensionVersion: string;
  /** Variables of the function, from files and options. */
  readonly env: Readonly<Record<string, string>>;
  /** Events as JSON, in order. */
  readonly events: readonly string[];
  readonly print: (line: string) => void;
  readonly colours: boolean;
  /** Fires when the session is to end: Ctrl-C. */
  readonly ending: AbortSignal;
}

/** What came of it: for the exit code. */
export interface SessionResult {
  readonly failedInvocations: number;
  /** Rules of Lambda or Dataway that were broken. */
  readonly violations: readonly string[];
}

/** Where our extension listens unless it is told otherwise. */
const DEFAULT_LISTEN = "127.0.0.1:9529";
/** An end that takes longer says what it waits for, in ms. */
const SLOW_END_MS = 500;

/** Runs until there is nothing left to do or `ending` fires, then shuts the sandbox down. */
export async function runSession(options: SessionOptions): Promise<SessionResult> {
  const { asked, env } = options;
  const story = createStory(options);
  await using page = await open(options);
  if (page?.url !== undefined) {
    story.say("page", page.url);
    if (asked.page.opensBrowser) openBrowser(page.url);
  }
  using group = createControlGroup(asked.memoryMb * 1_048_576);
  if (group === undefined) {
    story.say(
      "memory",
      `not limited to ${asked.memoryMb} MB: this needs root on Linux, and control groups`,
      "dim",
    );
  }
  await using forwarder = asked.dataway === undefined ? undefined : createForwarder({
    url: asked.dataway,
    say: (text, good) => story.say("forward", text, good ? "dim" : "bad"),
  });
  await using dataway = await startDataway({
    onUpload: (upload, body) => {
      story.upload(upload);
      forwarder?.forward(upload, body);
      return page?.recorder.onUpload(upload, body) ?? (() => {});
    },
  });
  // A workspace without filters: what asks for them also checks the token.
  dataway.pull("{}");
  await using lambda = await startLambda({
    extensions: options.extensions,
    function: options.command,
    handler: options.handler,
    functionName: "local",
    timeoutMs: asked.timeoutMs,
    memorySizeMb: asked.memoryMb,
    logFormat: asked.logFormat,
    applicationLogLevel: asked.logLevel,
    logPipe: asked.logPipe,
    env: { ENV_DATAWAY: dataway.url, ...env },
    onEvent: (event) => {
      story.onEvent(event);
      page?.recorder.onEvent(event);
    },
    onProcess: (pid) => group?.add(pid),
    ...(page === undefined ? {} : { beforeFreeze: page.recorder.beforeFreeze }),
  });
  const onChange = page?.recorder.onArmed;
  const controls = createControls({ lambda, dataway, ...(onChange === undefined ? {} : { onChange }) });
  page?.control(withStart(lambda, controls));
  const failures = await drive(options, story, lambda, controls.invoke);
  await end(lambda, story);
  page?.recorder.end();
  if ((group?.kills ?? 0) > 0) {
    story.say(
      "memory",
      `${asked.memoryMb} MB were too little: the kernel killed ${group?.kills} processes`,
      "bad",
    );
  }
  const violations = [...lambda.violations, ...dataway.violations];
  for (const violation of violations) story.say("rule", violation, "bad");
  if (page !== undefined && asked.page.report !== undefined) {
    await page.writeReport(asked.page.report);
    story.say("report", asked.page.report);
  }
  return { failedInvocations: failures, violations };
}

async function open({ asked, env, extensions, extensionVersion, events }: SessionOptions): Promise<
  Page | undefined
> {
  if (!asked.page.isServed && asked.page.report === undefined) return undefined;
  const [extension] = extensions;
  const name = extension === undefined ? "none" : extensionName(extension);
  const listen = (env["ENV_HTTP_LISTEN"] ?? DEFAULT_LISTEN).replace("0.0.0.0", "127.0.0.1");
  return await openPage({
    function: {
      name: "local",
      runtime: asked.function,
      arch: Deno.build.arch === "aarch64" ? "arm64" : "x86_64",
      memoryMb: asked.memoryMb,
      timeoutMs: asked.timeoutMs,
    },
    extension: { name, version: extensionVersion },
    sample: events[0] ?? "{}",
    serve: asked.page.isServed,
    ...(asked.page.port === undefined ? {} : { port: asked.page.port }),
    ...(asked.page.isQuiet ? {} : { statusUrl: `http://${listen}/status` }),
  });
}

/** Everything that invokes; resolves to the number of invocations that failed. */
async function drive(
  { asked, folder, events, ending }: SessionOptions,
  story: Story,
  lambda: Lambda,
  invoke: (event?: unknown) => ReturnType<Lambda["invoke"]>,
): Promise<number> {
  let failures = 0;
  const invokeText = async (payload: string): ReturnType<Lambda["invoke"]> => {
    const result = await invoke(JSON.parse(payload));
    if (failed(result)) failures++;
    return result;
  };
  await using server = asked.invokePort === undefined ? undefined : startInvokeServer({
    port: asked.invokePort,
    invoke: invokeText,
    functionVersion: lambda.settings.functionVersion,
    logOf: (requestId) => logOf(lambda, requestId),
  });
  if (server !== undefined) story.say("listening", `POST an event to ${server.url}`);
  await using _watcher = asked.watches
    ? watchFiles(folder, (path) => void renew(story, lambda, path).catch(() => {}))
    : undefined;
  if ((await lambda.init()).status !== "success" && asked.exits) return 1;
  const interactive = server !== undefined || asked.page.isServed;
  const once = events.length > 0 || interactive ? events : ["{}"];
  const repeated = asked.everyMs === undefined ? once : events.length > 0 ? events : ["{}"];
  const times = asked.times ?? (asked.everyMs === undefined ? once.length : Infinity);
  for (let n = 0; n < times && !ending.aborted && repeated.length > 0; n++) {
    const startedAt = performance.now();
    await Promise.race([invokeText(repeated[n % repeated.length] ?? "{}"), aborted(ending)]);
    if (n + 1 < times && asked.everyMs !== undefined) {
      await sleep(Math.max(0, asked.everyMs - (performance.now() - startedAt)), ending);
    }
  }
  if (!asked.exits && (interactive || asked.watches)) await aborted(ending);
  return failures;
}

/** An invocation under way is not cut: Lambda sends no SHUTDOWN in the middle of one. */
async function end(lambda: Lambda, story: Story): Promise<void> {
  const waiting = setTimeout(
    () => story.say("shutdown", "waits for the invocation under way; Ctrl-C once more ends it at once"),
    SLOW_END_MS,
  );
  try {
    if (lambda.running) await lambda.shutdown();
  } finally {
    clearTimeout(waiting);
  }
}

/** A new sandbox, once the invocation under way is over. */
async function renew(story: Story, lambda: Lambda, path: string): Promise<void> {
  story.say("changed", `${path}: a new sandbox`);
  if (lambda.running) await lambda.shutdown();
  await lambda.init();
}

/** What the function wrote for a request, between its START and REPORT. */
function logOf({ logs }: Lambda, requestId: string): string {
  const start = logs.findIndex(({ line }) => line.startsWith(`START RequestId: ${requestId}`));
  const end = logs.findIndex(({ line }) => line.startsWith(`REPORT RequestId: ${requestId}`));
  const own = logs.slice(Math.max(0, start), end < 0 ? undefined : end + 1);
  return own.filter(({ source }) => source !== "extension").map(({ line }) => `${line}\n`).join("");
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
