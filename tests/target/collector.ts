/** A real OpenTelemetry collector, built from its Go modules. */
import { missingTool, run } from "../clients/language.ts";
import { freePort } from "../support/loopback.ts";

export type Signal = "traces" | "metrics" | "logs";

/** How the collector is started. */
export interface CollectorOptions {
  /** @default a free one */
  readonly port?: number;
  /** What becomes of the first requests of each signal. */
  readonly refuse?: readonly ("throttle" | "unavailable" | "permanent")[];
  /** A folder of `certificates`: TLS, and clients must show a certificate. */
  readonly certificates?: string;
}

export interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Requests that were taken, as OTLP/JSON, in order. */
  taken(signal: Signal): readonly unknown[];
  /** Requests that were refused, as `signal kind`. */
  readonly refused: readonly string[];
  /** Stops it as a machine that hangs does: connections are made, and nothing is read. */
  freeze(): void;
  thaw(): void;
}

const FOLDER = new URL("collector/", import.meta.url).pathname;
const CACHE = new URL("../../.cache/", import.meta.url);
const PROGRAM = new URL("collector", CACHE).pathname;
const READY_MS = 20_000;

/** Builds it; the reason if that cannot be done on this machine. What does not compile throws. */
export async function buildCollector(): Promise<string | undefined> {
  const missing = await missingTool([["go", "-C", FOLDER, "list", "-m"]]);
  if (missing !== undefined) return `no ${missing}`;
  await Deno.mkdir(CACHE, { recursive: true });
  const args = ["build", "-mod=readonly", "-o", PROGRAM, "."];
  const { success, stderr } = await new Deno.Command("go", { args, cwd: FOLDER, stdin: "null" }).output();
  if (success) return undefined;
  const text = new TextDecoder().decode(stderr);
  if (UNREACHABLE.test(text)) return "the Go module proxy is not to be had";
  throw new Error(`Cannot build the collector: ${text}`);
}

/** How Go says that modules cannot be fetched. */
const UNREACHABLE =
  /dial tcp|no such host|i\/o timeout|TLS handshake timeout|module lookup disabled|connection re/;

/** One of the program's other commands; its output. */
export async function ask(
  command: "certificates" | "conventions" | "sign",
  argument: string,
): Promise<string> {
  return await run(PROGRAM, [command, argument]);
}

/** A collector that takes requests already. */
export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  const port = options.port ?? freePort();
  const child = new Deno.Command(PROGRAM, {
    args: ["collect", JSON.stringify(configOf(port, options))],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const requests: [Signal, unknown][] = [];
  const refused: string[] = [];
  const reading = readLines(child.stdout, (line) => {
    const space = line.indexOf(" ");
    const [word, rest] = [line.slice(0, space), line.slice(space + 1)];
    if (word === "refused") refused.push(rest);
    else if (word === "traces" || word === "metrics" || word === "logs") {
      requests.push([word, JSON.parse(rest)]);
    }
  });
  const collector: Collector = {
    url: `${options.certificates === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    refused,
    taken: (signal) => requests.filter(([of]) => of === signal).map(([, request]) => request),
    freeze: () => child.kill("SIGSTOP"),
    thaw: () => child.kill("SIGCONT"),
    [Symbol.asyncDispose]: async () => {
      try {
        child.kill("SIGCONT");
        child.kill("SIGTERM");
      } catch {
        // It has ended by itself.
      }
      await child.status;
      await reading;
    },
  };
  await listening(port);
  return collector;
}

/** Short names of one YAML document, which JSON is. */
function configOf(port: number, { refuse = [], certificates }: CollectorOptions): object {
  const tls = certificates === undefined ? {} : {
    tls: {
      cert_file: `${certificates}/server.pem`,
      key_file: `${certificates}/server.key`,
      client_ca_file: `${certificates}/ca.pem`,
    },
  };
  const pipeline = { receivers: ["otlp"], exporters: ["stdout"] };
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}`, ...tls } } } },
    exporters: { stdout: { refuse } },
    service: {
      pipelines: { traces: pipeline, metrics: pipeline, logs: pipeline },
    },
  };
}

async function listening(port: number): Promise<void> {
  const untilMs = performance.now() + READY_MS;
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function readLines(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(take);
  }
}
