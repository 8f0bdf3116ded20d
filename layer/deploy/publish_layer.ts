/** Publishes one layer in one region: only if it has changed, never twice, and shares it as wished. */
import { messageOf } from "../attest/check_result.ts";
import { AwsError } from "./aws_error.ts";
import { runtimesFor } from "./aws_runtimes.ts";
import type { Arch } from "../build/base_runtime.ts";
import type { LayerZip } from "./publish_zip.ts";

/** A layer's version as Lambda knows it. */
export interface LayerVersion {
  readonly arn: string;
  readonly version: number;
  /** In Base64. */
  readonly codeSha256: string;
}

/** With whom a version is shared. */
export interface Grant {
  readonly statementId: string;
  /** An account's id, or `*`. */
  readonly principal: string;
  /** Narrows `*` down to an organisation. */
  readonly organizationId?: string;
}

/** Where Lambda finds the zip: in the request, or in S3. */
export type Content =
  | { readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly bucket: string; readonly key: string };

/** What is to be published. */
export interface VersionRequest {
  readonly name: string;
  readonly description: string;
  readonly license: string;
  readonly runtimes: readonly string[];
  /** Left out where the region does not know the field. */
  readonly architecture: string | undefined;
  readonly content: Content;
}

/** Lambda and S3 of one region, with one account's rights. Every call may throw an `AwsError`. */
export interface LayerService {
  /** The version with the highest number, or undefined when the layer does not exist. */
  latest(name: string): Promise<LayerVersion | undefined>;
  /** Tried once only: whether a call that got no answer took effect is for the caller to find out. */
  publish(request: VersionRequest): Promise<LayerVersion>;
  grants(name: string, version: number): Promise<readonly Grant[]>;
  grant(name: string, version: number, grant: Grant): Promise<void>;
  upload(bucket: string, key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  discard(bucket: string, key: string): Promise<void>;
}

/** How to publish, the same for all regions. */
export interface PublishSettings {
  /** Followed by the architecture: `datakit` gives `datakit-x86_64`. */
  readonly name: string;
  readonly extensionVersion: string;
  readonly license: string;
  /** Undefined: those that the executable can run on. */
  readonly runtimes: readonly string[] | undefined;
  readonly grants: readonly Grant[];
  /** Bucket for the upload, with `{region}` for the region. Undefined: the zip goes into the request. */
  readonly bucket: string | undefined;
  /** Only looks, and says what would be done. */
  readonly isDryRun: boolean;
}

/** What became of one layer in one region. Nothing but an empty `missing` means that all is as wished. */
export interface Outcome {
  readonly state: "published" | "unchanged" | "planned" | "not offered" | "failed";
  /** Undefined when there is no version that holds these bytes. */
  readonly version?: LayerVersion;
  readonly sharedWith: readonly string[];
  readonly missing: readonly string[];
  /** Worth knowing, yet nothing is missing. */
  readonly notes: readonly string[];
}

const ARCHITECTURES: Readonly<Record<Arch, string>> = { amd64: "x86_64", arm64: "arm64" };
const MAX_ATTEMPTS = 4;
const FIRST_DELAY_MS = 1000;
/** Lambda's bound of a request, in bytes; the zip travels in it as Base64. */
const MAX_REQUEST_BYTES = 69_905_067;
/** For everything in the request besides the zip, in bytes. */
const REQUEST_MARGIN_BYTES = 8192;

/** Lambda's word for an architecture. */
export function architectureOf(arch: Arch): string {
  return ARCHITECTURES[arch];
}

/** Whether a layer version's description says that it holds this version of the extension. */
export function isOfExtension(description: string, extensionVersion: string): boolean {
  return description.startsWith(`${describeExtension(extensionVersion)} `);
}

function describeExtension(extensionVersion: string): string {
  return `DataKit Lambda extension ${extensionVersion}`;
}

/** Whether the zip can go into the request itself. */
export function fitsRequest(zipBytes: number): boolean {
  return 4 * Math.ceil(zipBytes / 3) + REQUEST_MARGIN_BYTES <= MAX_REQUEST_BYTES;
}

/**
 * Publishes `zip` in the service's region unless the layer's latest version has the same bytes, then adds the
 * grants that it lacks. Never throws: what went wrong is in the outcome.
 */
export async function publishLayer(
  service: LayerService,
  region: string,
  zip: LayerZip,
  settings: PublishSettings,
  sleep: (ms: number) => Promise<void>,
): Promise<Outcome> {
  const notes: string[] = [];
  const nothing = { sharedWith: [], notes };
  const name = `${settings.name}-${architectureOf(zip.arch)}`;
  let version: LayerVersion | undefined;
  try {
    const latest = await service.latest(name);
    const isSame = latest?.codeSha256 === zip.codeSha256;
    if (!isSame && settings.isDryRun) {
      notes.push(latest === undefined ? "the layer is new" : `the latest is version ${latest.version}`);
      return { ...nothing, state: "planned", missing: [] };
    }
    version = isSame
      ? latest
      : await publishNew({ service, region, zip, settings, sleep, name, latest, notes });
    if (version === undefined) return { ...nothing, state: "not offered", missing: [] };
    const state = isSame ? "unchanged" : "published";
    const shared = await share(service, name, version, settings, notes);
    const isPlanned = isSame && settings.isDryRun && shared.planned;
    return { state: isPlanned ? "planned" : state, version, ...shared, notes };
  } catch (error) {
    return { ...nothing, state: "failed", missing: [`${name}: ${messageOf(error)}`] };
  }
}

interface Task {
  readonly service: LayerService;
  readonly region: string;
  readonly zip: LayerZip;
  readonly settings: PublishSettings;
  readonly sleep: (ms: number) => Promise<void>;
  readonly name: string;
  readonly latest: LayerVersion | undefined;
  readonly notes: string[];
}

/** Undefined when functions of this architecture do not exist in the region. */
async function publishNew(task: Task): Promise<LayerVersion | undefined> {
  const { service, region, zip, settings, notes } = task;
  if (settings.bucket === undefined) return await publishContent(task, { bytes: zip.bytes });
  const bucket = settings.bucket.replaceAll("{region}", region);
  const key = `datakit-lambda-extension/${zip.sha256}-${zip.arch}.zip`;
  await service.upload(bucket, key, zip.bytes);
  try {
    return await publishContent(task, { bucket, key });
  } finally {
    await service.discard(bucket, key).catch((error) => {
      notes.push(`s3://${bucket}/${key} is left behind: ${messageOf(error)}`);
    });
  }
}

async function publishContent(task: Task, content: Content): Promise<LayerVersion | undefined> {
  const { service, zip, settings, name, latest, notes, sleep } = task;
  let request: VersionRequest = {
    name,
    // `attach` reads version and glibc from here, as nothing else tells them of a layer that is not its own.
    description: `${describeExtension(settings.extensionVersion)} ${
      architectureOf(zip.arch)
    } glibc>=${zip.glibc} sha256:${zip.sha256}`,
    license: settings.license,
    runtimes: settings.runtimes ?? runtimesFor(zip.glibc),
    architecture: architectureOf(zip.arch),
    content,
  };
  for (let attempt = 1;; attempt++) {
    try {
      return verified(await service.publish(request), zip);
    } catch (error) {
      const simpler = simplify(request, error, notes);
      if (simpler === "not offered") return undefined;
      if (simpler !== undefined) {
        request = simpler;
        continue;
      }
      if (!(error instanceof AwsError) || !error.isPassing || attempt === MAX_ATTEMPTS) throw error;
      await sleep(FIRST_DELAY_MS * 2 ** (attempt - 1));
      // The lost answer may have been a yes: asking again would make a second version of the same bytes.
      const now = await service.latest(name);
      if (now !== undefined && now.version !== latest?.version && now.codeSha256 === zip.codeSha256) {
        return now;
      }
    }
  }
}

/**
 * The request without what this region does not know yet: regions learn of the architectures and of new runtimes
 * at different times, and refuse the whole request over them. Undefined when that is not why it was refused.
 */
function simplify(
  request: VersionRequest,
  error: unknown,
  notes: string[],
): VersionRequest | "not offered" | undefined {
  const message = messageOf(error);
  if (request.architecture !== undefined && /CompatibleArchitectures are not supported/i.test(message)) {
    if (request.architecture === architectureOf("arm64")) return "not offered";
    notes.push("published without the architecture, which the region does not know");
    return { ...request, architecture: undefined };
  }
  const known = /compatibleRuntimes.*enum value set: \[([^\]]*)\]/is.exec(message)?.[1]?.split(/,\s*/);
  const runtimes = request.runtimes.filter((runtime) => known?.includes(runtime));
  if (known === undefined || runtimes.length === request.runtimes.length) return undefined;
  const unknown = request.runtimes.filter((runtime) => !runtimes.includes(runtime));
  notes.push(`published without ${unknown.join(", ")}, which the region does not know`);
  return { ...request, runtimes };
}

function verified(version: LayerVersion, zip: LayerZip): LayerVersion {
  if (version.codeSha256 === zip.codeSha256) return version;
  throw new Error(
    `Cannot trust ${version.arn} as its SHA-256 must be ${zip.codeSha256}: it is ${version.codeSha256}. Delete it`,
  );
}

interface Shared {
  readonly sharedWith: readonly string[];
  readonly missing: readonly string[];
  readonly planned: boolean;
}

async function share(
  service: LayerService,
  name: string,
  { version, arn }: LayerVersion,
  settings: PublishSettings,
  notes: string[],
): Promise<Shared> {
  const missing: string[] = [];
  let present: readonly Grant[] = [];
  try {
    present = await service.grants(name, version);
  } catch (error) {
    // Without wishes, not being allowed to look is no fault.
    if (settings.grants.length > 0) missing.push(`${arn} is there, but not shared: ${messageOf(error)}`);
    return { sharedWith: [], missing, planned: false };
  }
  const lacking = settings.grants.filter((wanted) => !present.some((grant) => isSameGrant(grant, wanted)));
  const added: Grant[] = [];
  for (const grant of settings.isDryRun ? [] : lacking) {
    try {
      await service.grant(name, version, grant);
      added.push(grant);
    } catch (error) {
      missing.push(`${arn} is there, but not shared with ${describeGrant(grant)}: ${messageOf(error)}`);
    }
  }
  const planned = settings.isDryRun && lacking.length > 0;
  if (planned) notes.push(`would share with ${lacking.map(describeGrant).join(", ")}`);
  const extra = present.filter((grant) => !settings.grants.some((wanted) => isSameGrant(grant, wanted)));
  if (extra.length > 0) notes.push(`stays shared with ${extra.map(describeGrant).join(", ")} as well`);
  return { sharedWith: [...present, ...added].map(describeGrant), missing, planned };
}

/** Who is meant, in words. */
function describeGrant({ principal, organizationId }: Grant): string {
  if (organizationId !== undefined) return `organisation ${organizationId}`;
  return principal === "*" ? "everyone" : `account ${principal}`;
}

function isSameGrant(one: Grant, other: Grant): boolean {
  return one.principal === other.principal && one.organizationId === other.organizationId;
}
