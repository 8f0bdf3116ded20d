/** The page of a run: what records it, what serves it, and what is kept of it. */
import { readPageFile } from "./page_file.ts";
import { createRecorder, type Recorder, type RecorderOptions } from "./recorder.ts";
import { renderReport } from "./report.ts";
import { type PageControls, startPageServer } from "./server.ts";
import { createStatusReader } from "./status_reader.ts";

export interface OpenPageOptions extends Omit<RecorderOptions, "askLedger"> {
  /** Where the extension tells its ledger, e.g. `http://127.0.0.1:9529/status`. @default it tells none */
  readonly statusUrl?: string;
  /** Serves the page. @default only records, for a report */
  readonly serve?: boolean;
  /** @default the first free one from 9080 on */
  readonly port?: number;
}

export interface Page extends AsyncDisposable {
  /** Its functions go into the options of the emulator and of the Dataway double. */
  readonly recorder: Recorder;
  /** Where it is served. */
  readonly url: string | undefined;
  control(controls: PageControls): void;
  /** Writes the run so far as one file. */
  writeReport(path: string): Promise<void>;
}

/** Opens the page before the sandbox is started, so that it sees all of it. */
export async function openPage(options: OpenPageOptions): Promise<Page> {
  const { statusUrl, serve = true, port, ...facts } = options;
  const page = await readPageFile();
  const recorder = createRecorder({
    ...facts,
    ...(statusUrl === undefined ? {} : { askLedger: createStatusReader(statusUrl) }),
  });
  const server = serve
    ? startPageServer({ recorder, page, ...(port === undefined ? {} : { port }) })
    : undefined;
  return {
    recorder,
    url: server?.url,
    control: (controls) => server?.control(controls),
    writeReport: (path) => Deno.writeTextFile(path, renderReport(page, recorder)),
    [Symbol.asyncDispose]: async () => {
      await server?.[Symbol.asyncDispose]();
    },
  };
}
