/** Hands uploads that arrived at the double on to a real Dataway. */
import type { ReceivedUpload } from "../dataway.ts";

export interface Forwarder extends AsyncDisposable {
  /** What the double accepted, as it came. */
  forward(upload: ReceivedUpload, body: Uint8Array<ArrayBuffer>): void;
}

export interface ForwarderOptions {
  /** Of a Dataway, its token included, which is never printed. */
  readonly url: string;
  readonly say: (text: string, good: boolean) => void;
}

const HEADERS = ["content-type", "content-encoding", "x-points", "x-pkg-id", "user-agent"];
const TIMEOUT_MS = 10_000;

/** Sends each beside the run: a Dataway that is slow holds up nothing. */
export function createForwarder({ url, say }: ForwarderOptions): Forwarder {
  const target = new URL(url);
  const base = target.pathname.replace(/\/$/, "");
  const pending = new Set<Promise<void>>();

  async function send(
    { category, headers, points }: ReceivedUpload,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const to = new URL(target);
    to.pathname = `${base}/v1/write/${category}`;
    const kept = HEADERS.flatMap((name): [string, string][] => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    });
    const what = `${points.length} points of ${category} to ${target.host}`;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(to, { method: "POST", headers: kept, body, signal });
      await response.body?.cancel();
      say(`${what}: answered ${response.status}`, response.ok);
    } catch (error) {
      say(`${what}: ${error instanceof Error ? error.name : "failed"}`, false);
    }
  }

  return {
    forward: (upload, body) => {
      if (upload.category === undefined || upload.status < 200 || upload.status > 299) return;
      const sending = send(upload, body).finally(() => pending.delete(sending));
      pending.add(sending);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(pending);
    },
  };
}
