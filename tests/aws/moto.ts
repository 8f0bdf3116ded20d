/** Emulated AWS on loopback: starts `server.py` and speaks with the part of it that only tests have. */
import { assert } from "@std/assert";
import { offlineEnv, pythonTools } from "./tools.ts";

/** Running emulated AWS. Disposing of it ends the process. */
export interface Moto extends AsyncDisposable {
  readonly endpoint: string;
  /** Calls AWS by its SDK for Python. Throws with its message. */
  call(service: string, region: string, method: string, args: Record<string, unknown>): Promise<Answer>;
  /** Lets calls fail from now on. */
  fail(fault: Fault): Promise<void>;
  /** Lets Lambda take only so many calls a second in each region; null: as many as come. */
  limit(perSecond: { readonly GetFunction: number; readonly others: number } | null): Promise<void>;
  /** Calls that were refused because of the limit. */
  refused(): Promise<number>;
  /** What was asked for so far, as `region action`. */
  calls(): Promise<readonly string[]>;
  /** The bytes of a layer as the emulator keeps them. */
  zip(region: string, name: string, version: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** An answer of AWS, whose shape the test knows. */
// deno-lint-ignore no-explicit-any
export type Answer = Record<string, any>;

export interface Fault {
  readonly region: string;
  /** @default all */
  readonly action?: string;
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Only requests whose path has this text. */
  readonly path?: string;
  /** Only requests whose query has this text. */
  readonly query?: string;
  /** @default 1 */
  readonly times?: number;
  /** Only requests whose body has this text. */
  readonly when?: string;
  /** The answer, instead of an error's. */
  readonly body?: unknown;
  /** The call takes effect before it fails. */
  readonly after?: boolean;
}

const SERVER = new URL("server.py", import.meta.url).pathname;

/** Starts the emulator on a port of its own. */
export async function startMoto(): Promise<Moto> {
  const process = new Deno.Command(`${await pythonTools()}/python`, {
    args: [SERVER],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
    env: offlineEnv(),
  }).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  const port = new TextDecoder().decode(value).trim();
  assert(/^\d+$/.test(port), `the emulator did not start: ${port}`);
  const endpoint = `http://127.0.0.1:${port}`;

  const post = async (path: string, body: unknown): Promise<string> => {
    const response = await fetch(`${endpoint}/_test/${path}`, { method: "POST", body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text;
  };
  return {
    endpoint,
    call: async (service, region, method, args) =>
      JSON.parse(await post("call", { service, region, method, args })),
    fail: async (fault) => {
      await post("fault", fault);
    },
    limit: async (perSecond) => {
      await post("quota", perSecond);
    },
    refused: async () => Number(await (await fetch(`${endpoint}/_test/refused`)).text()),
    calls: async () => (await (await fetch(`${endpoint}/_test/calls`)).text()).split("\n"),
    zip: async (region, name, version) => {
      const url = `${endpoint}/_test/zip?region=${region}&name=${name}&version=${version}`;
      return await (await fetch(url)).bytes();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await process.stdin.close();
      await reader.cancel();
      await process.status;
    },
  };
}
