/** Starts the extensions and the function of a generation and watches them. */
import { tmpdir } from "node:os";
import { extensionEnvironment, functionEnvironment } from "./environment.ts";
import { createFunctionOutput, type FunctionOutput } from "./function_output.ts";
import { extensionName, type Fatal, type Generation, type Sandbox } from "./generation.ts";
import { startInProcess } from "./in_process.ts";
import type { FunctionCommand } from "./options.ts";
import { startProcess } from "./process.ts";
import type { Program, ProgramExit } from "./program.ts";
import { startScriptedFunction } from "./scripted_function.ts";

/** Starts every extension at once; an exit from now on is fatal. */
export function startExtensions(sandbox: Sandbox, generation: Generation): void {
  const { settings, journal } = sandbox;
  const env = extensionEnvironment(functionEnvironment(settings, sandbox.runtimeApi, sandbox.logStream));
  for (const source of settings.extensions) {
    const name = extensionName(source);
    const onLine = (line: string): void => {
      journal.log("extension", line);
      generation.telemetry.emit({ type: "extension", record: line });
    };
    journal.call("exec", name);
    const program = typeof source === "string"
      ? startProcess({
        name,
        command: source,
        env,
        onLine,
        ...(settings.userId < 0 ? {} : { userId: settings.userId, cwd: "/" }),
      })
      : startInProcess({ name, run: source.run, env, onLine });
    generation.programs.push(program);
    if (program.pid !== undefined) settings.onProcess(program.pid);
    void program.exited.then((exit) => {
      if (generation.ending) return;
      const crash = extensionCrash(name, exit);
      generation.extensions.mark(
        name,
        exit.launchError === undefined ? "Exited" : "LaunchError",
        crash.errorType,
      );
      generation.raise(crash);
    });
  }
}

/** Starts the function; an exit from now on is fatal. */
export function startFunction(sandbox: Sandbox, generation: Generation): void {
  const { settings, journal } = sandbox;
  const output = createFunctionOutput(sandbox, generation);
  journal.call("exec", "function");
  const program = settings.function === "scripted"
    ? startScriptedFunction({
      runtime: generation.runtime,
      init: settings.functionInit,
      concurrency: settings.concurrency,
      logFormat: settings.logFormat,
      restorable: settings.initializationType === "snap-start",
      onLine: (text) => {
        if (settings.logPipe === "framed") output.frame({ text, at: undefined, level: undefined });
        else text.split("\n").forEach(output.line);
      },
      onAllocate: (megabytes) => void (sandbox.peakMemoryMb = Math.max(sandbox.peakMemoryMb, megabytes)),
    })
    : startFunctionProcess(sandbox, output);
  generation.functionProgram = program;
  if (program.pid !== undefined) settings.onProcess(program.pid);
  void program.exited.then((exit) => generation.raise(runtimeExit(exit, generation)));
}

/** Highest memory of the sandbox so far, in whole MB; measured where there are processes. */
export function measureMemoryMb(sandbox: Sandbox, generation: Generation): number {
  const programs: readonly Program[] = [
    ...generation.programs,
    ...(generation.functionProgram === undefined ? [] : [generation.functionProgram]),
  ];
  const peaks = programs.map((program) => program.memory()?.peakBytes ?? 0);
  const measuredMb = Math.ceil(peaks.reduce((sum, bytes) => sum + bytes, 0) / 1_048_576);
  const floorMb = measuredMb > 0 ? 0 : sandbox.settings.maxMemoryUsedMb;
  sandbox.peakMemoryMb = Math.max(sandbox.peakMemoryMb, measuredMb, floorMb);
  return sandbox.peakMemoryMb;
}

function startFunctionProcess(sandbox: Sandbox, output: FunctionOutput): Program {
  const { settings } = sandbox;
  const { program, args, cwd, env } = settings.function === "scripted" || settings.function === "process"
    ? scriptPlayer(sandbox)
    : settings.function;
  return startProcess({
    name: "function",
    command: program,
    args,
    env: { ...functionEnvironment(settings, sandbox.runtimeApi, sandbox.logStream), ...env },
    ...(cwd === undefined ? {} : { cwd }),
    onLine: output.line,
    ...(settings.logPipe === "framed" ? { onFrame: output.frame } : {}),
  });
}

/** This same Deno with the function that plays scripts. */
function scriptPlayer({ settings }: Sandbox): FunctionCommand {
  return {
    program: Deno.execPath(),
    args: [
      "run",
      "--no-config",
      "--no-lock",
      "--no-check",
      // StatsD goes by UDP.
      "--unstable-net",
      "--allow-net",
      "--allow-env",
      "--allow-run",
      new URL("./function.ts", import.meta.url).href,
    ],
    env: {
      EMULATOR_FUNCTION_INIT: JSON.stringify(settings.functionInit),
      EMULATOR_CONCURRENCY: String(settings.concurrency),
      EMULATOR_RESTORABLE: String(settings.initializationType === "snap-start"),
      DENO_NO_UPDATE_CHECK: "1",
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${tmpdir()}/lambda-emulator-deno`,
      // Without it Windows opens no socket.
      SystemRoot: Deno.env.get("SystemRoot") ?? "",
      NO_COLOR: "1",
    },
  };
}

/** Any exit code is a crash, 0 included. */
function extensionCrash(name: string, exit: ProgramExit): Fatal {
  if (exit.launchError !== undefined) {
    return { errorType: "Extension.LaunchError", message: `extension ${name}: ${exit.launchError}` };
  }
  return { errorType: "Extension.Crash", message: `extension ${name}: ${describeExit(exit)}` };
}

/** The platform's word for the end of a runtime. */
function runtimeExit(exit: ProgramExit, generation: Generation): Fatal {
  const outcomes = [...generation.outcomes.values()];
  if (outcomes.includes("oom_reported")) {
    return {
      errorType: "Runtime.OutOfMemory",
      message: "Runtime exited with error: signal: killed",
    };
  }
  if (exit.launchError !== undefined) {
    return { errorType: "Runtime.InvalidEntrypoint", message: "The function's program cannot be started" };
  }
  if (exit.code === 0) {
    return { errorType: "Runtime.ExitError", message: "Runtime exited without providing a reason" };
  }
  const how = outcomes.includes("oom_killed") ? "signal: killed" : describeExit(exit);
  return { errorType: "Runtime.ExitError", message: `Runtime exited with error: ${how}` };
}

function describeExit(exit: ProgramExit): string {
  if (exit.signal === "SIGKILL") return "signal: killed";
  return exit.signal === undefined ? `exit status ${exit.code}` : `signal: ${exit.signal}`;
}
