import { settledBefore } from "./deadline.ts";
import type { SelfMetrics } from "./self_metrics.ts";
import type { Round, Uploads } from "./uploads.ts";

export interface LastFiguresOptions {
  readonly figures: Pick<SelfMetrics, "take">;
  readonly uploads: Uploads;
  readonly lane: string;
  readonly round: Round;
  readonly signal: AbortSignal;
}

/** They are few and small: a Dataway that is well takes them in this time, in ms. */
export const FIGURES_MS = 150;
/** How often they are sent when Dataway refuses them: nothing is left to tell of them afterwards. */
const MAX_REFUSALS = 3;

/** Sends what is known at the end, after what was to be sent before, until all is told or `signal` fires. */
export async function sendLastFigures(options: LastFiguresOptions): Promise<void> {
  const { figures, uploads, lane, round, signal } = options;
  for (let refusals = 0; refusals < MAX_REFUSALS && !signal.aborted && !round.stopped;) {
    const lease = figures.take(true);
    if (lease === undefined) return;
    const { dropped } = round;
    if (!await settledBefore(uploads.send(lane, lease, round), signal)) return;
    if (round.dropped > dropped) refusals++;
  }
}
