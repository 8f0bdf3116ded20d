/** Tells of requests and data that were refused, with the reason. Only at the level `debug`. */
import type { Logger } from "@std/log";
import { type Field, valueOf } from "./header_fields.ts";
import type { RequestHandler } from "./net/http1_connection.ts";
import type { CallHandler } from "./net/http_connection.ts";
import type { Intake, RefusalReason } from "./pipeline/receiver.ts";
import type { Source } from "./point/point.ts";

/** Longest reason told, in characters. */
const MAX_REASON_CHARS = 300;

/** The handler of `listener`, each of whose refusals is told. */
export function tellingRequests(handle: RequestHandler, listener: string, log: Logger): RequestHandler {
  return async (request, client) => {
    const response = await handle(request, client);
    if (response.status < 400 || !log.isOn("debug")) return response;
    log.debug("A request was refused", {
      listener,
      method: request.method,
      path: URL.parse(request.url)?.pathname ?? "",
      type: request.headers.get("content-type") ?? "",
      status: response.status,
      reason: readable(await response.clone().text().catch(() => "")),
    });
    return response;
  };
}

/** The same for calls, whose refusals stand in fields of gRPC's. */
export function tellingCalls(calls: CallHandler, listener: string, log: Logger): CallHandler {
  return {
    takes: (head) => calls.takes(head),
    handle: async (call) => {
      const answer = await calls.handle(call);
      if (!log.isOn("debug")) return answer;
      const fields: readonly Field[] = [...answer.fields, ...answer.trailers ?? []];
      const [status, grpcStatus] = [
        valueOf(fields, ":status") ?? "200",
        valueOf(fields, "grpc-status") ?? "0",
      ];
      if (status === "200" && grpcStatus === "0") return answer;
      const { method, path } = call.head;
      log.debug("A request was refused", {
        listener,
        method,
        path,
        status: Number(status),
        grpcStatus: Number(grpcStatus),
        reason: decode(valueOf(fields, "grpc-message") ?? ""),
      });
      return answer;
    },
  };
}

/** What the user has asked for, or what is told once in each body, is no news. */
const TOLD: ReadonlySet<RefusalReason> = new Set([
  "malformed",
  "unsupported",
  "too_large",
  "overloaded",
  "too_many_series",
  "socket_full",
]);
/** Of one reason at most a line in this time: StatsD may refuse thousands of lines in it. In ms. */
const QUIET_MS = 1_000;

/** Counts as `refuse` does, and tells of it. */
export function tellingRefusals(
  refuse: Intake["refuse"],
  source: Source,
  { log, now }: { readonly log: Logger; readonly now: () => number },
): Intake["refuse"] {
  const untold = new Map<RefusalReason, number>();
  const toldAt = new Map<RefusalReason, number>();
  return (reason, count = 1) => {
    refuse(reason, count);
    if (!TOLD.has(reason) || count <= 0 || !log.isOn("debug")) return;
    const total = (untold.get(reason) ?? 0) + count;
    const at = now();
    if (Math.abs(at - (toldAt.get(reason) ?? -Infinity)) < QUIET_MS) return void untold.set(reason, total);
    untold.delete(reason);
    toldAt.set(reason, at);
    log.debug("Data was not kept", { source, reason, count: total });
  };
}

/** The text of an answer, which may be a message of protobuf's around it. */
function readable(text: string): string {
  return text.replace(/[\p{Cc}\p{Co}\p{Cn}\uFFFD]+/gu, " ").trim().slice(0, MAX_REASON_CHARS);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
