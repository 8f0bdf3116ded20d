/** What attaching the layer changes of a function, and how that is undone: plain values in, plain values out. */

/** The parts of a function's configuration that attaching may change. */
export interface FunctionSettings {
  /** ARNs of layer versions, in the order in which they are unpacked. */
  readonly layers: readonly string[];
  readonly variables: ReadonlyMap<string, string>;
}

/** Where the extension shall send to. */
export type Destination =
  | { readonly kind: "url"; readonly url: string }
  /** With a URL that has no token, the secret holds the token alone. */
  | { readonly kind: "secret"; readonly reference: string; readonly url: string | undefined }
  /** As the function has it already. */
  | { readonly kind: "kept" };

/** What an attach has changed, to be undone later. Holds secrets: the values that were there before. */
export interface AttachRecord {
  readonly layer: string;
  /** The version that ours took the place of. */
  readonly replaced: string | undefined;
  /** Name, value before (undefined: there was none) and value after, of each variable changed. */
  readonly variables: readonly (readonly [string, string | undefined, string | undefined])[];
}

const URL_VARIABLE = "ENV_DATAWAY";
/** Stands for the function's region in a reference: replicas of a secret differ in nothing else. */
const REGION = "{region}";
/** Name, and by what a reference to it begins. The first that fits is taken. */
const SECRET_VARIABLES: readonly (readonly [string, RegExp])[] = [
  ["ENV_DATAWAY_SECRET_ARN", /^arn:[^:]+:secretsmanager:/],
  ["ENV_DATAWAY_SSM_PARAMETER", /^(arn:[^:]+:ssm:|\/)/],
];
const DESTINATIONS = [URL_VARIABLE, ...SECRET_VARIABLES.map(([name]) => name), "ENV_DATAWAY_KMS"];
/** Our layers by name, whoever published them: two of them in one function would be two extensions of one name. */
const OUR_LAYER = /:layer:datakit-(x86_64|arm64):\d+$/;

/**
 * The settings with `layer` in place of our layer of another version or else behind all others, and with the
 * destination. Everything else stays. Throws, saying why, when the function would be left without a destination.
 */
export function attach(now: FunctionSettings, layer: string, destination: Destination): FunctionSettings {
  const at = now.layers.findIndex((arn) => isOurs(arn, layer));
  const others = now.layers.filter((arn) => !isOurs(arn, layer));
  const layers = at === -1 ? [...others, layer] : others.toSpliced(at, 0, layer);
  const variables = new Map(now.variables);
  if (destination.kind === "kept") {
    if (DESTINATIONS.some((name) => variables.has(name))) return { layers, variables };
    throw new Error("the function has no destination: give --dataway, --secret-arn or --dataway-secret");
  }
  for (const name of DESTINATIONS) variables.delete(name); // one of them must win, and it is the one asked for
  if (destination.kind === "url") variables.set(URL_VARIABLE, destination.url);
  else {
    if (destination.url !== undefined) variables.set(URL_VARIABLE, destination.url);
    variables.set(secretVariable(destination.reference), destination.reference);
  }
  return { layers, variables };
}

/** The destination of a function in `region`. */
export function destinationIn(destination: Destination, region: string): Destination {
  if (destination.kind !== "secret") return destination;
  return { ...destination, reference: destination.reference.replaceAll(REGION, region) };
}

/** Throws when no extension could send there: a URL that is none or has no token, or a reference to no secret. */
export function requireUsable(destination: Destination): void {
  if (destination.kind === "url" && !urlsOf(destination.url).every(hasToken)) {
    throw new Error(
      "Cannot use --dataway as it must be an http or https URL with a token: see the DataKit console",
    );
  }
  if (destination.kind !== "secret") return;
  secretVariable(destination.reference);
  const urls = destination.url === undefined ? [] : urlsOf(destination.url);
  if (urls.every((url) => isHttp(url) && !hasToken(url))) return;
  throw new Error("Cannot use --dataway beside a secret as it must be an http or https URL without a token");
}

/** What must be kept to undo the step from `before` to `after`. */
export function recordOf(before: FunctionSettings, after: FunctionSettings, layer: string): AttachRecord {
  const names = new Set([...before.variables.keys(), ...after.variables.keys()]);
  return {
    layer,
    replaced: before.layers.find((arn) => isOurs(arn, layer)),
    variables: Array.from(names)
      .map((name) => [name, before.variables.get(name), after.variables.get(name)] as const)
      .filter(([, old, changed]) => old !== changed),
  };
}

/**
 * The settings without what an attach did: the layer that was there comes back, and each variable gets the value it
 * had, unless somebody has changed it since.
 */
export function undo(now: FunctionSettings, record: AttachRecord): FunctionSettings {
  const variables = new Map(now.variables);
  for (const [name, before, after] of record.variables) {
    if (variables.get(name) !== after) continue;
    if (before === undefined) variables.delete(name);
    else variables.set(name, before);
  }
  return {
    layers: now.layers.flatMap((arn) => arn === record.layer ? record.replaced ?? [] : arn),
    variables,
  };
}

/** The settings without our layer and its destination, whoever put them there. `pinned` are ours by any name. */
export function detach(now: FunctionSettings, pinned: readonly string[]): FunctionSettings {
  const variables = new Map(now.variables);
  for (const name of DESTINATIONS) variables.delete(name);
  const isPinned = (arn: string): boolean =>
    pinned.some((each) => withoutVersion(each) === withoutVersion(arn));
  return { layers: now.layers.filter((arn) => !OUR_LAYER.test(arn) && !isPinned(arn)), variables };
}

/** The difference in lines for people, `+` and `-` before each; secrets are left out. Empty: no difference. */
export function describeChange(before: FunctionSettings, after: FunctionSettings): readonly string[] {
  const lines: string[] = [];
  for (const arn of before.layers) if (!after.layers.includes(arn)) lines.push(`- layer ${arn}`);
  for (const arn of after.layers) if (!before.layers.includes(arn)) lines.push(`+ layer ${arn}`);
  const names = new Set([...before.variables.keys(), ...after.variables.keys()]);
  for (const name of Array.from(names).sort()) {
    const [old, changed] = [before.variables.get(name), after.variables.get(name)];
    if (old === changed) continue;
    if (old !== undefined) lines.push(`- ${name}=${redacted(name, old)}`);
    if (changed !== undefined) lines.push(`+ ${name}=${redacted(name, changed)}`);
  }
  return lines;
}

/** Whether `arn` is our layer in another version or architecture, or the very layer in another version. */
function isOurs(arn: string, layer: string): boolean {
  return OUR_LAYER.test(arn) || withoutVersion(arn) === withoutVersion(layer);
}

function withoutVersion(arn: string): string {
  return arn.replace(/:\d+$/, "");
}

function urlsOf(text: string): readonly (URL | null)[] {
  return text.split(",").map((item) => URL.parse(item.trim()));
}

function isHttp(url: URL | null): boolean {
  return /^https?:$/.test(url?.protocol ?? "");
}

function hasToken(url: URL | null): boolean {
  return isHttp(url) && Boolean(url?.searchParams.get("token"));
}

function secretVariable(reference: string): string {
  const found = SECRET_VARIABLES.find(([, pattern]) => pattern.test(reference))?.[0];
  if (found !== undefined) return found;
  throw new Error(
    `Cannot use --dataway-secret as it must be the ARN of a secret, or the path or ARN of an SSM parameter: current value is ${reference}`,
  );
}

/** Of a destination, the host is shown and the query is not. Values of other variables are none of our business. */
function redacted(name: string, value: string): string {
  if (name !== URL_VARIABLE) return SECRET_VARIABLES.some(([known]) => known === name) ? value : "***";
  return value.split(",").map((item) => {
    const url = URL.parse(item.trim());
    return url === null ? "***" : `${url.protocol}//${url.host}${url.pathname}?***`;
  }).join(",");
}
