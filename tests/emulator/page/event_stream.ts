/** Server-sent events: what has changed since the state that the page has, and then what changes. */
import type { NumberedEvent, RunLog } from "./run_log.ts";

/** Comments keep a connection that has nothing to say from being taken for dead, in ms. */
const HEARTBEAT_MS = 15_000;
/** What the browser waits before it connects again, in ms. */
const RETRY_MS = 2000;

/**
 * Goes on after the event named by `Last-Event-ID`, or by `?since=` in the first connection, as `<run>.<number>`. Of
 * another run, or too long ago: the page is told to fetch the state again.
 */
export function eventStream(log: RunLog, request: Request, closing: AbortSignal): Response {
  const asked = request.headers.get("last-event-id") ?? new URL(request.url).searchParams.get("since") ?? "";
  const [run, seq] = asked.split(".");
  const missed = run === log.head.run && /^\d+$/.test(seq ?? "") ? log.since(Number(seq)) : undefined;
  const encoder = new TextEncoder();
  let stop = (): void => {};
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      const send = (text: string): void => controller.enqueue(encoder.encode(text));
      const tell = ({ seq, event }: NumberedEvent): void =>
        send(`id: ${log.head.run}.${seq}\ndata: ${JSON.stringify(event)}\n\n`);
      send(`retry: ${RETRY_MS}\n\n`);
      if (missed === undefined) tell({ seq: log.head.seq, event: { type: "reset" } });
      else missed.forEach(tell);
      const silence = log.listen(tell);
      const timer = setInterval(() => send(":\n\n"), HEARTBEAT_MS);
      const end = (): void => {
        stop();
        controller.close();
      };
      stop = () => {
        stop = () => {};
        silence();
        clearInterval(timer);
        closing.removeEventListener("abort", end);
      };
      closing.addEventListener("abort", end);
    },
    cancel: () => stop(),
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}
