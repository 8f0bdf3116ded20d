/**
 * Filters (blacklists): a point for which a condition of its category holds is not kept, as DataKit does it. Loaded
 * only when there may be any.
 * @see https://docs.guance.com/datakit/datakit-filter/
 */
import type { Steps } from "../bounded_pattern.ts";
import type { Ledger } from "../pipeline/ledger.ts";
import type { PointStore, StoreDoor } from "../pipeline/store.ts";
import { type ByteTable, createByteTable } from "../point/byte_table.ts";
import { CATEGORIES, type Category, type Point } from "../point/point.ts";
import { decodePoint } from "../point/point_range.ts";
import { measurementKey } from "../point/measurement_key.ts";
import { holds, type Lookup } from "./evaluate.ts";
import { decodeLong, testAhead } from "./long_point.ts";
import { addNames, addPatterns, type Braces, parseCondition } from "./parser.ts";
import { FilterSyntaxError } from "./tokens.ts";

/** Conditions by category; a point is dropped if one of them holds. */
export type FilterRules = ReadonlyMap<Category, readonly (readonly Braces[])[]>;

/** Rules, and what could not be used of the text that they were read from. */
export interface ParsedRules {
  readonly rules: FilterRules;
  /** Each "Cannot use …". */
  readonly problems: readonly string[];
}

/** More text than this is refused: it is parsed at once, beside the function. In UTF-16 units. */
const MAX_TEXT = 256 * 1024;

/** Reads `{"logging":["{ … }", …], …}`, by Dataway's names of categories. */
export function parseRules(text: string): ParsedRules {
  if (text.length > MAX_TEXT) return failed(`it must have at most ${MAX_TEXT} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return failed('it must be JSON such as {"logging":["{ status = \'debug\' }"]}');
  }
  return rulesOf(value);
}

/** The same of a value. */
export function rulesOf(value: unknown): ParsedRules {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return failed("it must map categories to lists of conditions");
  }
  const problems: string[] = [];
  const rules = new Map<Category, readonly (readonly Braces[])[]>();
  for (const [name, list] of Object.entries(value)) {
    const category = CATEGORIES.find((known) => known === name);
    if (category === undefined) {
      if (!FOREIGN_CATEGORIES.has(name)) {
        problems.push(`Cannot use the filters of ${show(name)}, no category`);
      }
    } else if (!Array.isArray(list)) {
      problems.push(`Cannot use the filters of ${category} as they must be a list`);
    } else {
      rules.set(category, list.flatMap((condition) => conditionOf(category, condition, problems)));
    }
  }
  return { rules, problems };
}

/** Points of these never come from here. */
const FOREIGN_CATEGORIES: ReadonlySet<string> = new Set(["dial_testing", "dialtesting", "llm"]);

function conditionOf(
  category: Category,
  condition: unknown,
  problems: string[],
): readonly (readonly Braces[])[] {
  if (typeof condition !== "string") {
    problems.push(`Cannot use a filter of ${category} as it must be a text`);
    return [];
  }
  try {
    return [parseCondition(condition)];
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    problems.push(`Cannot use the filter ${show(condition)} of ${category} as it ${error.message}`);
    return [];
  }
}

function failed(why: string): ParsedRules {
  return { rules: new Map(), problems: [`Cannot use the filters as ${why}`] };
}

function show(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

export interface FiltersOptions {
  /** What is common to all points, as known now: filters see it too. */
  readonly commonTags: () => ReadonlyMap<string, string>;
  readonly ledger: Pick<Ledger, "refused">;
}

/** The rules in force, and the door at which they are. */
export interface Filters {
  /** New rules in place of the old ones, for what comes from now on. */
  replace(rules: FilterRules): void;
  /** The way into a store for those points alone for which no condition holds; the others count as `filtered`. */
  door(store: Pick<PointStore, "append">): StoreDoor;
}

/** Filters without rules. */
export function createFilters({ commonTags, ledger }: FiltersOptions): Filters {
  let inForce: ReadonlyMap<Category, CategoryRules> = new Map();

  function isFiltered(category: Category, bytes: Uint8Array, length: number): boolean {
    const rules = inForce.get(category);
    if (rules === undefined) return false;
    const { conditions, names } = rules;
    try {
      const lookup = lookupIn(decodePoint(category, bytes.subarray(0, length), names), commonTags());
      return conditions.some((condition) => holds(condition, lookup));
    } catch {
      // What cannot be judged is kept.
      return false;
    }
  }

  function* isLongFiltered(category: Category, bytes: Uint8Array): Steps<boolean> {
    const rules = inForce.get(category);
    if (rules === undefined) return false;
    const { conditions, names, patterns } = rules;
    try {
      const lookup = lookupIn(yield* decodeLong(category, bytes, names), commonTags());
      const test = yield* testAhead(patterns, lookup);
      return conditions.some((condition) => holds(condition, lookup, test));
    } catch {
      return false;
    }
  }

  return {
    replace: (rules) => void (inForce = new Map(Array.from(rules).flatMap(prepare))),
    door: (store) => ({
      append: (source, category, bytes, length, mask, isOwn) => {
        if (isFiltered(category, bytes, length)) return ledger.refused(source, "filtered");
        store.append(source, category, bytes, length, mask, isOwn);
      },
      *appendSteps(source, category, bytes, mask, isOwn): Steps<void> {
        if (yield* isLongFiltered(category, bytes)) return ledger.refused(source, "filtered");
        store.append(source, category, bytes, bytes.length, mask, isOwn);
      },
    }),
  };
}

/** Of one category. */
interface CategoryRules {
  readonly conditions: readonly (readonly Braces[])[];
  /** What of a point they ask for. */
  readonly names: ByteTable<true>;
  /** What they look for, each with the name of where. */
  readonly patterns: ReadonlyMap<RegExp, string>;
}

function prepare(
  [category, conditions]: readonly [Category, readonly (readonly Braces[])[]],
): [Category, CategoryRules][] {
  if (conditions.length === 0) return [];
  const names = new Set<string>();
  const patterns = new Map<RegExp, string>();
  for (const part of conditions.flat(2)) {
    addNames(part, names);
    addPatterns(part, patterns);
  }
  const table: ByteTable<true> = createByteTable(Array.from(names, (name) => [name, true]));
  return [[category, { conditions, names: table, patterns }]];
}

/** Tags, fields, common tags, and what DataKit has as keys too: the category, and by category the measurement. */
function lookupIn(point: Point, commonTags: ReadonlyMap<string, string>): Lookup {
  return (key) => {
    const own = point.tags.get(key) ?? point.fields.get(key);
    if (own !== undefined) return own;
    const common = point.ownTagsOnly ? undefined : commonTags.get(key);
    if (common !== undefined) return common;
    if (key === "category") return point.category;
    return key === measurementKey(point.category) ? point.measurement : undefined;
  };
}
