/** Whether the listeners can be had, or are by the extension that runs here. */
import { describeError } from "@std/log";
import type { ParsedConfig } from "../../config.ts";
import { MAIN_LISTENER, type NamedListener, namedListeners } from "../../config/listener_names.ts";
import { createSockets, nameOf } from "../../net/sockets.ts";
import { askStatus, statusAddresses } from "../ask_status.ts";
import { fault, type Finding, note, ok } from "./finding.ts";

/** Asks a running extension first: its own ports are taken by itself. */
export async function checkPorts(
  parsed: ParsedConfig,
): Promise<{ readonly isRunning: boolean; readonly findings: readonly Finding[] }> {
  const answer = await askStatus(statusAddresses(parsed.config));
  if ("status" in answer) return { isRunning: true, findings: [runningExtension(answer.status)] };
  const taken = namedListeners(parsed.config).flatMap(tryListener);
  const free = ok("ports", "all are free; no extension runs here");
  return { isRunning: false, findings: taken.length > 0 ? taken : [free] };
}

function runningExtension(status: Readonly<Record<string, unknown>>): Finding {
  const { faults, version } = status;
  const count = Array.isArray(faults) ? faults.length : 0;
  const text = `the extension ${String(version)} runs here`;
  if (count === 0) return ok("ports", `${text}, and finds nothing wrong`);
  return note(
    "ports",
    `${text}, and finds ${count} thing${count === 1 ? "" : "s"} wrong: see datakit status`,
  );
}

/** Opens a listener for a moment. Not those in the file system: their files would be taken from their owner. */
function tryListener({ name, socket }: NamedListener): readonly Finding[] {
  if ("path" in socket || socket.port === 0) return [];
  const sockets = createSockets();
  try {
    const opened = socket.transport === "udp" ? sockets.udp(socket) : sockets.tcp(socket);
    opened.close();
    return [];
  } catch (error) {
    // A missing ::1 is how half the sandboxes are.
    if (socket.hostname === "::1") return [];
    const where = `${nameOf(socket)} (${name}, ${socket.transport})`;
    if (name === MAIN_LISTENER) {
      return [note("ports", `${where} is taken: the extension moves to a free port, which Lambda is told`)];
    }
    const why = error instanceof Deno.errors.AddrInUse
      ? "is taken"
      : `cannot be had (${describeError(error)})`;
    return [
      fault(
        "ports",
        `${where} ${why}: another layer (Datadog's, a collector) gets what is sent there. Remove that or move ours`,
      ),
    ];
  }
}
