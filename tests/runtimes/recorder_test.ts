/**
 * The flight recorder on real runtime clients and loggers: what a function logs in detail arrives of the invocations
 * that fail, whatever their end, and of no other; and the black box tells what the function was doing.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { buildBinary } from "../../build.ts";
import { missingTool } from "../clients/language.ts";
import type { FunctionCommand } from "../emulator/options.ts";
import { startExecutable } from "../support/sandbox.ts";
import { scenario } from "../support/scenario.ts";
import type { LogFormat } from "./cases.ts";
import { NODE } from "./node_language.ts";
import { PYTHON } from "./python_language.ts";
import { cacheDir, type Language, sourceDir } from "./runtime.ts";

interface RecorderLanguage {
  readonly language: Language;
  /** The function, once the language is installed. */
  readonly command: () => Promise<FunctionCommand>;
}

const LANGUAGES: readonly RecorderLanguage[] = [
  {
    language: PYTHON,
    command: () => {
      const command = commandOf(PYTHON);
      const args = (command.args ?? []).map((arg) => arg === "handler.handler" ? "recorder.handler" : arg);
      return Promise.resolve({ ...command, args });
    },
  },
  {
    language: NODE,
    command: async () => {
      // Modules are looked for beside the program.
      await Deno.copyFile(`${sourceDir("node")}/recorder.cjs`, `${cacheDir("node")}/recorder.cjs`);
      return commandOf(NODE);
    },
  },
];

/** In their order in one environment; the last ones end their process. */
const CASES = ["well", "thrown", "well", "well", "crash", "well", "hung", "well", "busy", "well"] as const;
const FAILING = ["thrown", "crash", "hung", "busy"];
const DETAILS = 4;
const TIMEOUT_MS = 3_000;

for (const { language, command } of LANGUAGES) {
  scenario(
    `what a function of ${language.name} logs in detail arrives of failed invocations alone`,
    async (t) => {
      const missing = await missingTool(language.needs);
      if (missing !== undefined) {
        if (Deno.env.get("CI") === "true") throw new Error(`Cannot verify ${language.name}: no ${missing}`);
        // deno-lint-ignore no-console
        return console.log(`${language.name.toUpperCase()} IS NOT VERIFIED HERE: no ${missing}`);
      }
      await language.install();
      for (const logFormat of ["Text", "JSON"] as const) {
        await t.step(logFormat, async () => await runFunction(await command(), logFormat));
      }
    },
  );
}

async function runFunction(command: FunctionCommand, logFormat: LogFormat): Promise<void> {
  await using sandbox = await startExecutable(await buildBinary())({
    function: command,
    handler: "recorder.handler",
    logFormat,
    applicationLogLevel: "DEBUG",
    logPipe: "framed",
    memorySizeMb: 1024,
    timeoutMs: TIMEOUT_MS,
    env: {
      ENV_AWSLAMBDA_RECORDER: "on",
      ENV_AWSLAMBDA_RECORDER_KEEP: "timeout,oom,error",
    },
  });
  await sandbox.lambda.init();
  const caseOf = new Map<string, string>();
  for (const name of CASES) {
    const { requestId } = await sandbox.lambda.invoke({}, { payload: JSON.stringify({ case: name }) });
    caseOf.set(requestId, name);
  }
  await sandbox.lambda.shutdown();
  const logs = sandbox.dataway.points("logging", "awslambda-logging").map(({ fields }) => ({
    text: String(fields.get("message")),
    status: fields.get("status"),
    of: caseOf.get(String(fields.get("aws_request_id"))),
  }));
  const details = logs.filter(({ text }) => text.includes("detail "));
  assertEquals(details.filter(({ status }) => status !== "debug"), []);
  assertEquals(
    details.map(({ text, of }) => `${/detail \d of \w+/.exec(text)?.[0]} in ${of}`).sort(),
    FAILING.flatMap((name) => Array.from({ length: DETAILS }, (_, n) => `detail ${n} of ${name} in ${name}`))
      .sort(),
  );
  assertEquals(logs.filter(({ text }) => text.includes("summary of")).length, CASES.length);
  const held = CASES.filter((name) => name === "well").length * DETAILS;
  assertEquals(sandbox.sum("refused_recorder_discarded", "awslambda-extension"), BigInt(held));
  const boxes = sandbox.dataway.points("logging", "awslambda-blackbox");
  assertEquals(boxes.map(({ fields }) => caseOf.get(String(fields.get("aws_request_id")))), ["hung", "busy"]);
  const [hung, busy] = boxes.map(({ fields }) => fields);
  assertMatch(String(hung?.get("message")), /^Timed out: still running after 2\d{3} ms/);
  assertStringIncludes(String(hung?.get("last_lines")), "summary of hung");
  // What else runs on this machine is in the figures: only that a loop is busy can be told.
  assertStringIncludes(String(busy?.get("message")), "busy loop");
  assertEquals(busy?.get("last_line_count"), BigInt(DETAILS + 1));
}

function commandOf({ clients }: Language): FunctionCommand {
  const [client] = clients;
  if (client === undefined) throw new Error("Cannot run a language without a runtime client");
  return client.command();
}
