/**
 * The shape of `src/`: who may import whom, and what only one file may touch. Types count as imports: a type
 * that looks upwards ties the two files together just as well.
 *
 * json <- everything; point <- pipeline <- { dataway, ingest/x, lambda } <- { app, serve } <- { main, extension }
 */
import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { type ImportEdge, readImports, sourceFiles } from "./support/imports.ts";
import { scenario } from "./support/scenario.ts";

const SRC = new URL("../src/", import.meta.url);

/** What each area may import besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  leaf: [],
  net: [],
  point: [],
  pipeline: ["net", "point"],
  dataway: ["point", "pipeline"],
  filters: ["point", "pipeline"],
  log_rules: ["point"],
  log_metrics: ["point", "pipeline"],
  otlp_target: ["point", "pipeline", "dataway", "lambda", "ingest", "log_rules"],
  recorder: ["point", "pipeline"],
  lambda: ["net", "point", "pipeline", "log_rules", "log_metrics", "recorder"],
  "ingest shared": ["net", "point", "pipeline"],
  ingest: ["net", "point", "pipeline", "ingest shared"],
  "ingest list": ["point", "pipeline", "ingest shared", "ingest"],
  app: ["net", "point", "pipeline", "dataway", "lambda", "ingest", "ingest list", "ingest shared"],
  main: [
    "net",
    "point",
    "pipeline",
    "dataway",
    "filters",
    "recorder",
    "lambda",
    "log_metrics",
    "log_rules",
    "otlp_target",
    "ingest",
    "ingest list",
    "ingest shared",
    "app",
    "config",
    "status",
    "cli",
  ],
  status: ["net", "point", "pipeline", "lambda", "config", "otlp_target"],
  cli: ["net", "point", "pipeline", "dataway", "status", "lambda", "log_rules", "config", "otlp_target"],
  config: ["log_rules"],
};

/** The areas below the settings, whose types these may be; everything else takes its types from the settings. */
const TYPES_OF_CONFIG: readonly string[] = ["net", "pipeline"];

/** Files at the top of `src/`; any other there fails the test until it has its place here. */
const TOP: Readonly<Record<string, string>> = {
  "main.ts": "main",
  "compose.ts": "main",
  "extension.ts": "main",
  "shell.ts": "main",
  "identity.ts": "main",
  "report.ts": "main",
  "exporting.ts": "main",
  "receiving.ts": "main",
  "recording.ts": "main",
  "routing.ts": "main",
  "target.ts": "main",
  "app.ts": "app",
  "serve.ts": "app",
  "refusals.ts": "app",
  "config.ts": "config",
  "heap.ts": "leaf",
  "libc.ts": "leaf",
  "reclaimer.ts": "leaf",
  "header_fields.ts": "leaf",
  "latin1.ts": "leaf",
  "bounded_pattern.ts": "leaf",
  "linear_regexp.ts": "leaf",
  "log.ts": "leaf",
  "loop_turn.ts": "leaf",
  "secrets.ts": "leaf",
  "time_slice.ts": "leaf",
  "version.ts": "leaf",
};

/** What only the named files may use, each with its reason. */
const RESERVED: readonly (readonly [string, RegExp, readonly string[]])[] = [
  ["Deno.env", /\bDeno\.env\b/, ["main.ts"]],
  ["Deno.exit", /\bDeno\.exit\b/, ["main.ts"]],
  // Whatever a signature tells wrong ends the process, and with it the function's sandbox.
  ["native calls", /\bDeno\.(?:dlopen|Unsafe\w+)\b/, ["libc.ts"]],
  // What waits for one is never told once garbage was collected: `linkSignals()` instead.
  ["AbortSignal.any", /\bAbortSignal\.any\b/, []],
  // main.ts: what fails before the logger is loaded has no other way out.
  // Of a buffer lent to it: only encoders, what compresses, the store, the recorder and what joins, inflates or ends a body, whose buffers are their own.
  ["transfer()", /\.transfer\(/, [
    "dataway/exporter.ts",
    "ingest/growing_buffer.ts",
    "ingest/inflate.ts",
    "ingest/otlp/export_handler.ts",
    "net/admission.ts",
    "pipeline/gzip.ts",
    "pipeline/store.ts",
    "point/create_point_writer.ts",
    "point/long_point.ts",
    "point/join_points.ts",
    "point/protobuf_writer.ts",
    "point/split_message.ts",
    "recorder/rings.ts",
  ]],
  // deno-std's empties the whole pool that a small Node buffer is cut from; `toBase64()` leaves its bytes alone.
  ["deno-std's encoding", /@std\/encoding/, []],
  // cli/snippets.ts: in a text for users to paste.
  ["console", /\bconsole\./, ["log.ts", "main.ts", "cli/snippets.ts"]],
];

/** What is wrong with an import, or undefined. */
function objection({ from, to, typeOnly }: ImportEdge): string | undefined {
  const [source, target] = [areaOf(from), areaOf(to)];
  if (target === "leaf" || target === "json") return undefined;
  if (typeOnly && (target === "config" || source === "config" && TYPES_OF_CONFIG.includes(target))) {
    return undefined;
  }
  if (source === "ingest" && target === "ingest" && protocolOf(from) !== protocolOf(to)) {
    return `${from} imports ${to}: one protocol knows nothing of another`;
  }
  if (source === target || ALLOWED[source]?.includes(target)) return undefined;
  return `${from} imports ${to}: ${source} must not know ${target}`;
}

function areaOf(file: string): string {
  const [folder = "", ...rest] = file.split("/");
  if (rest.length === 0) return TOP[file] ?? `${file} (a file without a place)`;
  // Parts of `bounded_pattern.ts`.
  if (folder === "pattern") return "leaf";
  if (folder !== "ingest" || rest.length > 1) return folder;
  return file === "ingest/mod.ts" ? "ingest list" : "ingest shared";
}

function protocolOf(file: string): string | undefined {
  return file.split("/")[1];
}

Deno.test("objection names each kind of forbidden import", () => {
  const forbidden: readonly (readonly [string, string])[] = [
    ["net/accept.ts", "pipeline/store.ts"],
    ["point/point.ts", "net/accept.ts"],
    ["point/point.ts", "pipeline/store.ts"],
    ["pipeline/store.ts", "dataway/exporter.ts"],
    ["dataway/exporter.ts", "lambda/lifecycle.ts"],
    ["dataway/exporter.ts", "ingest/body.ts"],
    ["lambda/lifecycle.ts", "dataway/exporter.ts"],
    ["lambda/lifecycle.ts", "ingest/otlp/receiver.ts"],
    ["ingest/otlp/receiver.ts", "ingest/ddtrace/receiver.ts"],
    ["ingest/otlp/receiver.ts", "ingest/mod.ts"],
    ["ingest/otlp/receiver.ts", "lambda/lifecycle.ts"],
    ["ingest/body.ts", "ingest/otlp/receiver.ts"],
    ["pipeline/store.ts", "app.ts"],
    ["app.ts", "main.ts"],
    ["dataway/exporter.ts", "config/dataway.ts"],
    ["config/core.ts", "lambda/lifecycle.ts"],
    ["log.ts", "point/point.ts"],
    ["point/point.ts", "stray.ts"],
    ["stray.ts", "point/point.ts"],
  ];
  const accepted = forbidden.filter(([from, to]) => objection({ from, to, typeOnly: false }) === undefined);
  assertEquals(accepted, []);
  assert(objection({ from: "config/core.ts", to: "lambda/flush_policy.ts", typeOnly: true }) !== undefined);
});

Deno.test("objection accepts imports that go down, types of the settings, and the log", () => {
  const fine: readonly ImportEdge[] = [
    { from: "pipeline/store.ts", to: "point/point.ts", typeOnly: false },
    { from: "ingest/otlp/receiver.ts", to: "ingest/body.ts", typeOnly: false },
    { from: "ingest/otlp/receiver.ts", to: "ingest/otlp/wire.ts", typeOnly: false },
    { from: "ingest/mod.ts", to: "ingest/otlp/receiver.ts", typeOnly: false },
    { from: "dataway/exporter.ts", to: "config/dataway.ts", typeOnly: true },
    { from: "main.ts", to: "config.ts", typeOnly: false },
    { from: "point/point.ts", to: "log.ts", typeOnly: false },
  ];
  assertEquals(fine.map(objection).filter((text) => text !== undefined), []);
});

scenario("src has no import against the direction, a dynamic one included", async () => {
  const edges = await readImports(SRC, ["main.ts"]);
  assertEquals(edges.some(({ from, to }) => from === "main.ts" && to === "extension.ts"), true);
  assertEquals(edges.map(objection).filter((text) => text !== undefined), []);
  assertEquals(findCircles(edges), []);
});

/** What costs nothing when it is off: what is loaded by settings only. */
const LAZY: readonly RegExp[] = [
  /^otlp_target\//,
  /^recorder\//,
  /^log_metrics\/(?!load_log_metrics)/,
  /^lambda\/usage\/(?!load_usage)/,
  /^lambda\/trace\/(?!load_trace)/,
  /^log_rules\/span_masks\.ts$/,
  /^ingest\/ddtrace\/(?:trace_intake|start_invocation|triggers\/)/,
  /^status\/build_status\.ts$/,
  /^cli\/doctor\/target\.ts$/,
  /^filters\//,
  /^dataway\/(?:sinker|filter_pull)\.ts$/,
];

scenario("what settings switch on is loaded by nobody else", async () => {
  const edges = await readImports(SRC, ["main.ts"]);
  const isLazy = (file: string): boolean => LAZY.some((pattern) => pattern.test(file));
  const reached = edges.filter(({ from, to }) => !isLazy(from) && isLazy(to));
  assert(reached.some(({ to, dynamic }) => to === "otlp_target/mod.ts" && dynamic === true));
  assertEquals(reached.filter(({ typeOnly, dynamic }) => !typeOnly && dynamic !== true), []);
});

/** Files that make an object for each exchange. */
const PER_EXCHANGE: readonly string[] = [
  "dataway/http/answer_reader.ts",
  "dataway/http/body_reader.ts",
  "header_fields.ts",
  "ingest/growing_buffer.ts",
  "ingest/otlp/request_sink.ts",
  "net/http1_body.ts",
  "pipeline/deadline.ts",
];

scenario(
  "what is made for each exchange has no accessors, each of which is garbage that lives long",
  async () => {
    const accessor = /^\s+(?:get|set) \w+\(/m;
    assertMatch(await Deno.readTextFile(new URL("net/admission.ts", SRC)), accessor);
    for (const file of PER_EXCHANGE) {
      assertNotMatch(
        await Deno.readTextFile(new URL(file, SRC)),
        accessor,
        `${file}, see tests/spec/deno.md 2.3`,
      );
    }
  },
);

Deno.test("findCircles names the files of a circle, types included, and none where there is none", () => {
  const edge = (from: string, to: string): ImportEdge => ({ from, to, typeOnly: true });
  assertEquals(findCircles([edge("a", "b"), edge("b", "c"), edge("a", "c")]), []);
  assertEquals(findCircles([edge("a", "b"), edge("b", "c"), edge("c", "b")]), ["b, c"]);
});

/** Files that import each other, however long the way around. */
function findCircles(edges: readonly ImportEdge[]): string[] {
  const imports = new Map<string, Set<string>>();
  for (const { from, to } of edges) imports.set(from, (imports.get(from) ?? new Set()).add(to));
  const reached = new Map([...imports.keys()].map((file) => [file, reachable(file, imports)]));
  const circles = [...reached].filter(([file, files]) => files.has(file)).map(([file, files]) =>
    [...files].filter((other) => reached.get(other)?.has(file)).sort().join(", ")
  );
  return [...new Set(circles)];
}

function reachable(start: string, imports: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const found = new Set<string>();
  const open = [start];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    for (const next of imports.get(file) ?? []) {
      if (!found.has(next)) open.push(next);
      found.add(next);
    }
  }
  return found;
}

scenario("src reads the environment, exits, prints and gives buffers away in named places only", async () => {
  const found: string[] = [];
  for (const file of sourceFiles(SRC)) {
    const code = withoutComments(await Deno.readTextFile(new URL(file, SRC)));
    for (const [name, pattern, files] of RESERVED) {
      if (pattern.test(code) && !files.includes(file)) found.push(`${file} uses ${name}`);
    }
  }
  assertEquals(found, []);
});

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}

/** Of the tests of this and of the report's reader. */
const EXAMPLES: readonly string[] = ["tests/spec/deno.md", "src/a.ts", "notes.md", "./tests/a_test.ts"];

scenario("no comment points to a specification or file that is not in the repository", async () => {
  const tree = { src: SRC, tests: new URL("./", import.meta.url) };
  const missing: string[] = [];
  for (const [name, folder] of Object.entries(tree)) {
    for (const file of sourceFiles(folder)) {
      for (const cited of citedFiles(await Deno.readTextFile(new URL(file, folder)))) {
        if (!EXAMPLES.includes(cited) && !isThere(cited, new URL(file, folder))) {
          missing.push(`${name}/${file} points to ${cited}`);
        }
      }
    }
  }
  assertEquals(missing, []);
});

Deno.test("citedFiles finds what comments point to: paths and documents, not addresses and names in code", () => {
  const code =
    `/** See \`tests/spec/deno.md\` 3, src/a.ts and https://x.test/b.md. */\nrun("c/d.md"); // as notes.md says`;
  assertEquals(citedFiles(code), ["tests/spec/deno.md", "src/a.ts", "notes.md"]);
});

/** Documents and source paths that the comments name. */
function citedFiles(code: string): string[] {
  const comments = [...code.matchAll(/\/\*\*?[\s\S]*?\*\/|(?:^|\s)\/\/ .*$/gm)].map(([text]) => text).join(
    "\n",
  );
  const plain = comments.replace(/https?:\/\/\S+/g, "");
  return [...plain.matchAll(/(?:[\w.-]+\/)*[\w-]+\.md\b|(?:[\w.-]+\/)+[\w-]+\.ts\b/g)].map(([path]) => path);
}

/** Whether the file is there: below the repository, below `src` or beside the file that names it. */
function isThere(cited: string, from: URL): boolean {
  const bases = [new URL("../", SRC), SRC, new URL("../tests/", SRC), new URL("./", from)];
  return bases.some((base) => {
    try {
      return Deno.statSync(new URL(cited, base)).isFile;
    } catch {
      return false;
    }
  });
}
