/// <reference lib="dom" />
/** How the page learns of the run: from the emulator that serves it, or from the report that it is. */
import type { ControlRequest, InvocationDetail, RunEvent, RunState } from "../state.ts";
import type { ConnectionMode } from "./app.ts";

/** Where everything comes from. */
export interface Source {
  /** Delivers the state, again after each gap, and what happens after it. */
  start(listener: SourceListener): void;
  detail(n: number): Promise<InvocationDetail>;
  /** Numbers of the invocations whose logs hold the text. */
  search(text: string): Promise<readonly number[]>;
  invoke(event: unknown): Promise<void>;
  control(request: ControlRequest): Promise<void>;
}

export interface SourceListener {
  onState(state: RunState): void;
  onEvent(event: RunEvent): void;
  onMode(mode: ConnectionMode): void;
}

/** Between attempts, in ms. */
const RETRY_MS = 2000;

/** The emulator that serves this page. */
export function createLiveSource(): Source {
  async function post(path: string, body: unknown): Promise<void> {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", "x-emulator": "1" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error((await response.text()).trim());
  }

  return {
    start: (listener) => void connect(listener),
    detail: (n) => getJson<InvocationDetail>(`/api/invocations/${n}`),
    search: (text) => getJson<readonly number[]>(`/api/search?q=${encodeURIComponent(text)}`),
    invoke: (event) => post("/api/invoke", { event }),
    control: (request) => post("/api/control", request),
  };
}

/** Fetches the state and listens from there on; begins anew whenever the connection is lost. */
async function connect(listener: SourceListener): Promise<void> {
  while (true) {
    try {
      const state = await getJson<RunState>("/api/state");
      listener.onState(state);
      listener.onMode("live");
      await listen(state, listener);
    } catch {
      // Not there, or gone: tried again below.
    }
    listener.onMode("disconnected");
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Until the connection is lost. The browser would connect again by itself, but would not tell when it cannot. */
async function listen(state: RunState, listener: SourceListener): Promise<void> {
  const events = new EventSource(`/api/events?since=${state.run}.${state.seq}`);
  const { promise, resolve } = Promise.withResolvers<void>();
  events.onmessage = ({ data }) => {
    const event: RunEvent = JSON.parse(String(data));
    if (event.type === "reset") resolve();
    else listener.onEvent(event);
  };
  events.onerror = () => resolve();
  try {
    await promise;
  } finally {
    events.close();
  }
}

/** A report: everything is in the page. */
export function createReportSource(
  state: RunState,
  details: readonly InvocationDetail[],
): Source {
  const unable = (): Promise<never> => Promise.reject(new Error("this is a report"));
  const byNumber = new Map(details.map((detail) => [detail.n, detail]));
  return {
    start: ({ onState, onMode }) => {
      onState(state);
      onMode("report");
    },
    detail: (n) => {
      const found = byNumber.get(n);
      return found === undefined ? unable() : Promise.resolve(found);
    },
    search: (text) => {
      const query = text.toLowerCase();
      const found = details.filter(({ logs }) => logs.some((log) => log.text.toLowerCase().includes(query)));
      return Promise.resolve(found.map(({ n }) => n));
    },
    invoke: unable,
    control: unable,
  };
}

/** What the emulator answers is of its own making, and of this version. */
async function getJson<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} was answered ${response.status}`);
  return await response.json();
}
