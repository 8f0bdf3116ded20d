/**
 * Sends loads, in a process of its own so that whoever measures is not slowed down by it. Takes one command a line on
 * stdin, answers each with the statuses.
 */
import { TextLineStream } from "../bench/lines.ts";
import { type BoxPorts, LOADS, type SendAll, WARM_UP } from "./loads.ts";

/** Which load, and where to. */
export interface LoadCommand {
  readonly name: string;
  readonly ports: BoxPorts;
}

const prepared = new Map<string, SendAll>();

async function run({ name, ports }: LoadCommand): Promise<readonly number[]> {
  const send = prepared.get(name) ?? [WARM_UP, ...LOADS].find((load) => load.name === name)?.prepare();
  if (send === undefined) throw new Error(`Cannot send ${name} as there is no such load`);
  prepared.set(name, send);
  return await send(ports);
}

if (import.meta.main) {
  const commands = Deno.stdin.readable
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const command of commands) {
    const statuses = await run(JSON.parse(command));
    await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(statuses)}\n`));
  }
}
