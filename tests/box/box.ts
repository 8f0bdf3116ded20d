/** The compiled extension in a control group with the function's memory, and a process of 60 MB beside it. */
import { startCountingDataway } from "../bench/dataway.ts";
import { type ExtensionProcess, startExtension } from "../bench/extension_process.ts";
import { startLoadProcess } from "../bench/load.ts";
import {
  invokeEvent,
  type NextCall,
  type Platform,
  shutdownEvent,
  startPlatform,
} from "../bench/platform.ts";
import { sleep } from "../emulator/waiters.ts";
import { connectTelemetry, invocationBody, type TelemetryConnection } from "../bench/telemetry.ts";
import type { ControlGroup } from "../support/control_group.ts";
import type { LoadCommand } from "./load_process.ts";
import { type BoxPorts, WARM_UP } from "./loads.ts";
import { startYardstick } from "./yardstick.ts";
import { freePort } from "../support/loopback.ts";

/** What a load did to the extension. */
export interface BoxFigures {
  readonly statuses: readonly number[];
  /** Most memory of its process while it lasted, and the least within ten seconds after it. RSS, in MiB. */
  readonly peakMb: number;
  readonly afterMb: number;
  /** The longest time from a runtime's end to `next`, and the longest answer of a program that does nothing. In ms. */
  readonly longestHoldMs: number;
  readonly idleLongestMs: number;
}

/** An extension under loads, one after the other. */
export interface Box extends AsyncDisposable {
  /** RSS before the first load, when all that handles it is there. In MiB. */
  readonly idleMb: number;
  /** Sends a load, and waits until at most `givenBackMb` are left of what it took, or ten seconds. */
  run(name: string, givenBackMb: number): Promise<BoxFigures>;
  /** Programs of the group that the kernel killed, and the extension itself if it has ended. */
  kills(): number;
}

const MB_IN_MIB = 1e6 / 1_048_576;
const BESIDE_BYTES = 60 * 1_048_576;
/** How long a function runs, and how long it is until the next invocation. In ms. */
const FUNCTION_MS = 5;
const PAUSE_MS = 20;
/** Memory is given back within this. In ms. */
const GIVE_BACK_MS = 10_000;
const LIMIT_MS = 60_000;
/** After this all is as it stays without loads. In ms. */
const WARM_UP_MS = 1_500;

/** Starts `path` for a function of `memoryMb`, with invocations one after the other, in `group` if there is one. */
export async function openBox(
  path: string,
  memoryMb: number,
  group: ControlGroup | undefined,
): Promise<Box> {
  await using stack = new AsyncDisposableStack();
  const platform = stack.use(startPlatform());
  const dataway = stack.use(await startCountingDataway());
  const loads = stack.use(
    startLoadProcess<LoadCommand, readonly number[]>(`${import.meta.dirname}/load_process.ts`),
  );
  const yardstick = stack.use(await startYardstick());
  if (group !== undefined) stack.use(await startBeside(group));
  const ports: BoxPorts = { main: freePort(), otlpHttp: freePort() };
  const extension = stack.use(
    await startExtension(path, {
      AWS_LAMBDA_RUNTIME_API: platform.address,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      ENV_DATAWAY: dataway.url,
      ENV_HTTP_LISTEN: `0.0.0.0:${ports.main}`,
      ENV_INPUT_OTEL_HTTP: `127.0.0.1:${ports.otlpHttp}`,
      ENV_INPUT_OTEL_GRPC: "off",
      ENV_FLUSH_PLAN: "overlap",
      ENV_DEFAULT_ENABLED_INPUTS: "awslambda,opentelemetry",
    }, group),
  );
  let isAlive = true;
  void extension.ended.then(() => void (isAlive = false));
  const rssMb = (): number => isAlive ? extension.memory().rssMb * MB_IN_MIB : NaN;
  const beat = stack.use(await startInvocations(platform));
  await loads.run({ name: WARM_UP.name, ports });
  await sleep(WARM_UP_MS);
  const owned = stack.move();
  return {
    idleMb: rssMb(),
    run: async (name, givenBackMb) => {
      forgetPeak(extension);
      beat.forget();
      yardstick.forget();
      const statuses = await loads.run({ name, ports });
      const peakMb = isAlive ? extension.memory().peakMb * MB_IN_MIB : NaN;
      const [longestHoldMs, idleLongestMs] = [beat.longestHoldMs(), yardstick.longestMs()];
      let afterMb = rssMb();
      for (const until = Date.now() + GIVE_BACK_MS; afterMb > givenBackMb && Date.now() < until;) {
        await sleep(100);
        afterMb = Math.min(afterMb, rssMb());
      }
      return { statuses, peakMb, afterMb, longestHoldMs, idleLongestMs };
    },
    kills: () => (group?.kills() ?? 0) + (isAlive ? 0 : 1),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** From now on the kernel tells the most memory since now. */
function forgetPeak({ pid }: ExtensionProcess): void {
  Deno.writeTextFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** What the function takes: `tail` keeps the bytes whose end it waits for. */
async function startBeside(group: ControlGroup): Promise<AsyncDisposable> {
  const hold =
    `{ head -c ${BESIDE_BYTES} /dev/zero; echo held >&2; cat; } | tail -c ${BESIDE_BYTES} >/dev/null`;
  const { program, args } = group.command("/bin/sh", ["-c", hold]);
  const process = new Deno.Command(program, { args: [...args], stdin: "piped", stderr: "piped" }).spawn();
  const reader = process.stderr.getReader();
  await reader.read();
  return {
    [Symbol.asyncDispose]: async () => {
      await process.stdin.close().catch(() => {});
      await reader.cancel();
      await process.status;
    },
  };
}

/** Invocations one after the other. */
interface Beat extends AsyncDisposable {
  /** The longest hold since {@link Beat.forget}; `Infinity` when `next` does not come any more. In ms. */
  longestHoldMs(): number;
  forget(): void;
}

async function startInvocations(platform: Platform): Promise<Beat> {
  let call = await within(platform.next());
  const telemetry = await connectTelemetry((await within(platform.subscribed)).url);
  let isOn = true;
  let longestMs = 0;
  /** When the runtime was done, while `next` is waited for. */
  let doneAt: number | undefined;
  const beating = (async () => {
    for (let index = 0; isOn; index++) {
      call.reply(invokeEvent(requestId(index)));
      await sleep(FUNCTION_MS);
      doneAt = performance.now();
      call = await oneInvocation(platform, telemetry, requestId(index));
      longestMs = Math.max(longestMs, call.at - doneAt);
      doneAt = undefined;
      await sleep(PAUSE_MS);
    }
  })();
  let failed = false;
  beating.catch(() => void (failed = true));
  return {
    longestHoldMs: () => failed ? Infinity : Math.max(longestMs, performance.now() - (doneAt ?? Infinity)),
    forget: () => void (longestMs = 0),
    [Symbol.asyncDispose]: async () => {
      isOn = false;
      await beating.catch(() => {});
      telemetry[Symbol.dispose]();
      call.reply(shutdownEvent());
    },
  };
}

async function oneInvocation(
  platform: Platform,
  telemetry: TelemetryConnection,
  id: string,
): Promise<NextCall> {
  // The platform does not wait for its telemetry to be taken.
  void telemetry.post(invocationBody(id)).catch(() => {});
  return await within(platform.next());
}

function requestId(index: number): string {
  return `3da1f2dc-3222-475e-9205-${String(index).padStart(12, "0")}`;
}

async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("The extension is silent")), LIMIT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
