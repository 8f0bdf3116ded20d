/** The load process as the bench sees it. */
import { TextLineStream } from "./lines.ts";
import type { LoadCommand, LoadReport } from "./load_process.ts";

export interface LoadProcess extends AsyncDisposable {
  /** Sends as told; resolves with what was sent once all of it was answered. One command at a time. */
  run(command: LoadCommand): Promise<LoadReport>;
}

/** Starts it; it ends when disposed of. */
export function startLoadProcess(): LoadProcess {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-P", "--frozen", `${import.meta.dirname}/load_process.ts`],
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
