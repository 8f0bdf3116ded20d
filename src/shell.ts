/**
 * What a function's start has to wait for, and nothing else: register, open the listeners, subscribe, ask for the first
 * event. Everything else is loaded and put together after that, while the runtime starts; what clients and the platform
 * send meanwhile waits in the listeners' queues.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
 */
import type { Environment } from "./config/reader.ts";
import { readShellConfig, type ShellConfig } from "./config/shell.ts";
import { createExtensionsApi, type NextResult, type RegisterResult } from "./lambda/extensions_api.ts";
import { createRuntimeClient } from "./lambda/runtime_client.ts";
import { type SubscribeResult, subscribeToTelemetry } from "./lambda/telemetry_api.ts";
import { mainAddresses } from "./net/main_addresses.ts";
import { createSockets, type Sockets } from "./net/sockets.ts";

export interface ShellOptions {
  readonly env: Environment;
  /** `AWS_LAMBDA_RUNTIME_API`, `host:port`. */
  readonly runtimeApi: string;
  /** The executable's own file name under `/opt/extensions`. */
  readonly name: string;
}

/** A started extension that does nothing yet. Disposal ends the connection to Lambda. */
export interface Shell extends Disposable {
  readonly registration: RegisterResult;
  readonly managedInstance: boolean;
  /** The first call gives the event that was asked for already. */
  readonly next: () => Promise<NextResult>;
  /** Open, for who serves them. */
  readonly sockets: Sockets;
  /** What became of the telemetry; `undefined` where there is no listener for it, or no registration. */
  readonly subscription: SubscribeResult | undefined;
  /** Why there are no listeners at all: a fault of ours, as settings are never one. */
  readonly problem?: unknown;
}

const MANAGED_INSTANCES = "lambda-managed-instances";

/** Starts. Never rejects: what fails is told by its parts, and the invocations go on without it. */
export async function startShell(options: ShellOptions): Promise<Shell> {
  const { env, runtimeApi, name } = options;
  const managedInstance = env["AWS_LAMBDA_INITIALIZATION_TYPE"] === MANAGED_INSTANCES;
  const client = createRuntimeClient(runtimeApi);
  const api = createExtensionsApi({ send: client.send, name });
  await client.connect();
  const registering = api.register({ managedInstance });
  // The request is on its way: the listeners are opened while Lambda answers.
  const sockets = createSockets();
  const { port, telemetry, problem } = open(sockets, env);
  const registration = await registering;
  const isRegistered = registration.status === "registered";
  const subscription = !isRegistered || port === 0 ? undefined : await subscribeToTelemetry({
    identifier: registration.identifier,
    send: client.send,
    port,
    types: telemetry,
    managedInstance,
  });
  let first: Promise<NextResult> | undefined = isRegistered ? api.next() : undefined;
  return {
    registration,
    managedInstance,
    next: () => {
      const asked = first ?? api.next();
      first = undefined;
      return asked;
    },
    sockets,
    subscription,
    ...(problem === undefined ? {} : { problem }),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

/** What is listened for. */
interface Opened {
  /** That the platform is to post to, 0 for none. */
  readonly port: number;
  readonly telemetry: ShellConfig["telemetry"];
  readonly problem?: unknown;
}

function open(sockets: Sockets, env: Environment): Opened {
  try {
    const config = readShellConfig(env);
    return { port: bindAll(sockets, config), telemetry: config.telemetry };
  } catch (problem) {
    return { port: 0, telemetry: [], problem };
  }
}

/** Opens all listeners; the main one's port, 0 for none. */
function bindAll(sockets: Sockets, { main, sockets: others }: ShellConfig): number {
  let address: Deno.Addr | undefined;
  for (const candidate of mainAddresses(main)) address ??= sockets.bind({ ...candidate, transport: "tcp" });
  for (const other of others) sockets.bind(other);
  return address !== undefined && "port" in address ? address.port : 0;
}
