/** A process that sends loads, so that their cost is not the measuring process's own. */
import { TextLineStream } from "./lines.ts";

export interface LoadProcess<Command, Report> extends AsyncDisposable {
  /** Sends as told; resolves with what came of it once all was answered. One command at a time. */
  run(command: Command): Promise<Report>;
}

/** Starts `file`, a program that reads commands and writes reports, a line of JSON each; it ends when disposed of. */
export function startLoadProcess<Command, Report>(file: string): LoadProcess<Command, Report> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-P", "--frozen", "--no-check", file],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const commands = process.stdin.getWriter();
  const reports = process.stdout
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
    .getReader();
  return {
    run: async (command) => {
      await commands.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
      const { value } = await reports.read();
      if (value === undefined) throw new Error("Cannot measure as the load process ended");
      return JSON.parse(value);
    },
    [Symbol.asyncDispose]: async () => {
      await commands.close().catch(() => {});
      await reports.cancel();
      await process.status;
    },
  };
}
