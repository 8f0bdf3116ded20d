/** Which functions the user means: by name or ARN, pattern, tags, or all of a region. */

/** A function that is named outright. */
export interface NamedFunction {
  readonly name: string;
  /** Undefined: in each region that is looked at. */
  readonly region: string | undefined;
}

/** What the user chose. A function that is named is meant whatever its tags; `exclude` leaves out named ones too. */
export interface Selection {
  readonly named: readonly NamedFunction[];
  /** Whether functions besides the named ones are looked for. */
  readonly isListing: boolean;
  /** Of the names of those. */
  readonly pattern: RegExp | undefined;
  /** Key and value that those must have; undefined: any value. */
  readonly tags: readonly (readonly [key: string, value: string | undefined])[];
  readonly exclude: readonly RegExp[];
}

const FUNCTION_ARN = /^arn:[^:]+:lambda:([^:]+):\d{12}:function:([\w.-]+)(:\$LATEST)?$/;
const WEB_FUNCTION_ARN = /^arn:[^:]+:lambda:[^:]+:\d{12}:web-function\//;
const FUNCTION_NAME = /^[\w-]{1,64}$/;

/** Reads a name or an ARN. Throws on what layers cannot be attached to. */
export function parseFunction(text: string): NamedFunction {
  const [, region, name] = FUNCTION_ARN.exec(text) ?? [];
  if (region !== undefined && name !== undefined) return { name, region };
  if (WEB_FUNCTION_ARN.test(text)) {
    throw new Error(
      `Cannot attach to ${text} as it is a Lambda Web Function: these have no layers and no extensions`,
    );
  }
  if (FUNCTION_NAME.test(text)) return { name: text, region: undefined };
  throw new Error(
    `Cannot use --function as it must be the name or ARN of a function, without a version or alias, of which only $LATEST can be changed: current value is ${text}`,
  );
}

/** Whether a listed function of this name is worth a closer look. */
export function isNameChosen({ pattern, exclude }: Selection, name: string): boolean {
  return (pattern?.test(name) ?? true) && !exclude.some((each) => each.test(name));
}

/** Whether a listed function has the tags. */
export function hasTags({ tags }: Selection, present: ReadonlyMap<string, string>): boolean {
  return tags.every(([key, value]) =>
    present.has(key) && (value === undefined || present.get(key) === value)
  );
}

/** The named functions to look at in `region`. */
export function namedIn({ named, exclude }: Selection, region: string): readonly string[] {
  const names = named.filter((each) => each.region === undefined || each.region === region)
    .map(({ name }) => name);
  return Array.from(new Set(names)).filter((name) => !exclude.some((each) => each.test(name)));
}
