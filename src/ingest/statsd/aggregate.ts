/**
 * Aggregates samples between two flushes, however long that is: a frozen sandbox has no timers, and what was
 * received before an invocation's end must leave with it.
 */
import type { StatsdConfig } from "../../config/statsd.ts";
import type { Intake } from "../../pipeline/receiver.ts";
import { createTimeSlice, type TimeSlice } from "../../time_slice.ts";
import type { Sample } from "./sample.ts";
import { addSample, createSeries, type Series, type SeriesLimits } from "./series.ts";
import { createSeriesIdentifier } from "./series_identity.ts";
import { createSeriesPoints } from "./series_points.ts";

/** Sums up samples until they are flushed. */
export interface Aggregator {
  /** Takes one sample in; what does not fit is refused as `too_many_series` or `filtered`. */
  add(sample: Sample): void;
  /**
   * Writes the points of all that was added since the last flush, after those of a flush that is under way; what is
   * added meanwhile is for the next. Lets the rest of the program run.
   */
  flush(): Promise<void>;
}

/** What an aggregator is built with. */
export interface AggregatorOptions {
  readonly config: StatsdConfig;
  readonly intake: Intake;
  /** Unix time in ms. */
  readonly now: () => number;
  /** In [0, 1). @default Math.random */
  readonly random?: () => number;
}

/** Bound of all names and tags between two flushes, in UTF-16 units: a name may be as long as a datagram. */
const MAX_KEY_CHARS = 4 * 1024 * 1024;
/** Values that all timings and distributions of a flush keep for their percentiles. */
const MAX_KEPT_VALUES = 200_000;
/** Series that are looked at between two looks at the clock. */
const SERIES_PER_LOOK = 64;
/** Set members of all series of a flush. */
const MAX_MEMBERS = 200_000;

/** An aggregator. */
export function createAggregator(options: AggregatorOptions): Aggregator {
  const { config, intake, now } = options;
  const { refuse } = intake;
  const random = options.random ?? Math.random;
  const identify = createSeriesIdentifier(config);
  const writePoints = createSeriesPoints({ percentiles: config.percentiles, intake, now });
  /** Last values of gauges, which Etsy's clients adjust over flushes. */
  const gauges = new Map<string, number>();
  /** By the sample's own text, so that names and tags are taken apart once per series, not per sample. */
  let byText = new Map<string, Series>();
  let byKey = new Map<string, Series>();
  /** What a flush under way has yet to look at for its gauges. */
  let flushed: ReadonlyMap<string, Series> = new Map();
  let flushing: Promise<void> = Promise.resolve();
  let keyChars = 0;
  /** The last sample and its series: a line with many values gives the same name and tags with each. */
  let last: { readonly sample: Sample; readonly series: Series } | undefined;
  let limits = freshLimits();

  function freshLimits(): SeriesLimits {
    return { values: { left: MAX_KEPT_VALUES }, members: { left: MAX_MEMBERS }, random };
  }

  /** The sample's series, found or begun; `undefined`, already counted, when it may have none. */
  function resolve(text: string, sample: Sample): Series | undefined {
    if (config.dropPrefixes.some((prefix) => sample.name.startsWith(prefix))) {
      refuse("filtered", 1);
      return undefined;
    }
    // Cut out of the map's key, which is a copy: slices of the packet would keep all of it in memory.
    const tagsAt = text.length - sample.tagText.length;
    const name = text.slice(tagsAt - 1 - sample.name.length, tagsAt - 1);
    const identity = identify(sample.type, name, text.slice(tagsAt), sample.timestampS);
    let series = byKey.get(identity.key);
    if (series === undefined) {
      const chars = keyChars + identity.key.length + text.length;
      if (byKey.size >= config.maxSeries || chars > MAX_KEY_CHARS) {
        refuse("too_many_series", 1);
        return undefined;
      }
      keyChars = chars;
      const lastGauge = config.dialect === "etsy" ? lastGaugeOf(identity.key) : undefined;
      series = createSeries(identity, lastGauge);
      byKey.set(identity.key, series);
      byText.set(text, series);
    } else if (byText.size < 2 * config.maxSeries && keyChars + text.length <= MAX_KEY_CHARS) {
      keyChars += text.length;
      byText.set(text, series);
    }
    return series;
  }

  function seriesOf(sample: Sample): Series | undefined {
    const text = `${sample.type}\n${sample.timestampS}\n${sample.name}\n${sample.tagText}`;
    const series = byText.get(text) ?? resolve(text, sample);
    last = series === undefined ? undefined : { sample, series };
    return series;
  }

  /** The last value that a flush gave a gauge. */
  function lastGaugeOf(key: string): number | undefined {
    const series = flushed.get(key);
    return series !== undefined && isGauge(series) ? series.state.value : gauges.get(key);
  }

  function rememberGauge(series: Series): void {
    if (!isGauge(series)) return;
    const { key } = series.identity;
    gauges.delete(key);
    if (gauges.size >= config.maxSeries) gauges.delete(gauges.keys().next().value ?? "");
    gauges.set(key, series.state.value);
  }

  async function flush(): Promise<void> {
    if (byKey.size === 0) return;
    const slice = createTimeSlice();
    const all = byKey;
    byText = new Map();
    byKey = new Map();
    last = undefined;
    keyChars = 0;
    limits = freshLimits();
    if (config.dialect === "etsy") await rememberGauges(all, slice);
    await writePoints(all.values(), slice);
  }

  async function rememberGauges(all: ReadonlyMap<string, Series>, slice: TimeSlice): Promise<void> {
    flushed = all;
    let looked = 0;
    for (const series of all.values()) {
      rememberGauge(series);
      if (++looked % SERIES_PER_LOOK === 0 && slice.isOver()) await slice.pause();
    }
    flushed = new Map();
  }

  return {
    add: (sample): void => {
      const series = last !== undefined && isSame(last.sample, sample) ? last.series : seriesOf(sample);
      if (series !== undefined && !addSample(series, sample, limits)) refuse("too_many_series", 1);
    },
    flush: (): Promise<void> => flushing = flushing.then(flush, flush),
  };
}

/** Whether a series is a gauge whose value the next flush may start from. */
function isGauge(series: Series): series is Series & { readonly state: { kind: "last"; value: number } } {
  return series.state.kind === "last" && series.identity.timestampS === 0;
}

/** Whether two samples are of one series, as far as their texts tell. */
function isSame(a: Sample, b: Sample): boolean {
  return a.type === b.type && a.timestampS === b.timestampS && a.name === b.name && a.tagText === b.tagText;
}
