/** Functions and layer versions of one region by way of the AWS SDK, at a rate that Lambda accepts. */
import { type GetFunctionResponse, Lambda } from "@aws-sdk/client-lambda";
import type { FunctionSettings } from "../deploy/attach_change.ts";
import type { FunctionService, FunctionState, LayerVersionFacts } from "../deploy/attach_plan.ts";
import { unpackedBytesAt } from "../deploy/attach_size.ts";
import { isOfExtension } from "../deploy/publish_layer.ts";
import { createPace, type PaceOptions } from "../deploy/pace.ts";
import type { RoleRight } from "../deploy/role_right.ts";
import { clientConfig, type ClientOptions, told } from "./client.ts";

/**
 * Two thirds of the quotas of an account's region, for its other users: 100 GetFunction a second, and 15 of all
 * other control-plane calls together.
 */
const READS_PER_SECOND = 66;
const OTHERS_PER_SECOND = 10;

export interface FunctionServiceOptions extends ClientOptions {
  readonly region: string;
  readonly clock: Omit<PaceOptions, "perSecond">;
  readonly roleRight: (state: FunctionState, reference: string) => Promise<RoleRight>;
}

/** The functions of one region. */
export function createFunctionService(options: FunctionServiceOptions): FunctionService {
  const { region, clock, roleRight } = options;
  // Repeating is the pace's: the SDK's own budget of tries ends long before a fleet does.
  const lambda = new Lambda({ ...clientConfig(options), maxAttempts: 1 });
  const reads = createPace({ ...clock, perSecond: READS_PER_SECOND });
  const others = createPace({ ...clock, perSecond: OTHERS_PER_SECOND });
  const layers = new Map<string, Promise<LayerVersionFacts>>();
  const describeLayer = async (arn: string): Promise<LayerVersionFacts> => {
    const { CompatibleArchitectures = [], Description = "", Content } = await others.run(() =>
      told("lambda:GetLayerVersion", region, () => lambda.getLayerVersion(layerOf(arn)))
    );
    return {
      architectures: CompatibleArchitectures,
      description: Description,
      unpackedBytes: await measure(Content?.Location),
    };
  };
  const once = (arn: string): Promise<LayerVersionFacts> => {
    const known = layers.get(arn) ?? describeLayer(arn);
    layers.set(arn, known);
    known.catch(() => layers.delete(arn));
    return known;
  };
  return {
    async names(): Promise<readonly string[]> {
      // Page by page by hand: the SDK's paginator is at its end once a page was refused, and would seem complete.
      const names: string[] = [];
      for (let marker: string | undefined, page = 0; page === 0 || marker !== undefined; page++) {
        const request = marker === undefined ? {} : { Marker: marker };
        const { Functions = [], NextMarker } = await others.run(() =>
          told("lambda:ListFunctions", region, () => lambda.listFunctions(request))
        );
        names.push(...Functions.flatMap(({ FunctionName }) => FunctionName ?? []));
        marker = NextMarker || undefined;
      }
      return names;
    },
    read: (name) =>
      reads.run(async () =>
        toState(
          await told("lambda:GetFunction", region, () => lambda.getFunction({ FunctionName: name })),
          name,
          region,
        )
      ),
    update: (state, settings) =>
      others.run(() =>
        told("lambda:UpdateFunctionConfiguration", region, async () => {
          await lambda.updateFunctionConfiguration(toRequest(state, settings));
        }), false),
    layerVersion: once,
    async findLayerVersion(layerArn, extensionVersion): Promise<string | undefined> {
      for (let marker: string | undefined, page = 0; page === 0 || marker !== undefined; page++) {
        const request = { LayerName: layerArn, ...(marker === undefined ? {} : { Marker: marker }) };
        const { LayerVersions = [], NextMarker } = await others.run(() =>
          told("lambda:ListLayerVersions", region, () => lambda.listLayerVersions(request))
        );
        const found = LayerVersions.find(({ Description = "" }) =>
          isOfExtension(Description, extensionVersion)
        );
        if (found?.LayerVersionArn !== undefined) return found.LayerVersionArn;
        marker = NextMarker || undefined;
      }
      return undefined;
    },
    measure,
    roleRight,
  };
}

function toState(found: GetFunctionResponse, name: string, region: string): FunctionState {
  const { Configuration = {}, Code, Tags = {}, TagsError } = found;
  const { FunctionArn, Layers = [], Environment, RevisionId, Role = "" } = Configuration;
  if (Environment?.Error !== undefined) {
    // The answer then lacks the variables, and an update made of it would wipe them.
    throw new Error(`its variables cannot be read: ${Environment.Error.ErrorCode} (kms:Decrypt is needed)`);
  }
  const { LastUpdateStatus, LastUpdateStatusReason, LastUpdateStatusReasonCode, State } = Configuration;
  return {
    name: Configuration.FunctionName ?? name,
    arn: (FunctionArn ?? name).replace(/:\$LATEST$/, ""),
    region,
    packageType: Configuration.PackageType ?? "Zip",
    architecture: Configuration.Architectures?.[0] ?? "x86_64",
    runtime: Configuration.Runtime,
    role: Role,
    settings: {
      layers: Layers.flatMap(({ Arn }) => Arn ?? []),
      variables: new Map(Object.entries(Environment?.Variables ?? {})),
    },
    revisionId: RevisionId,
    tags: new Map(Object.entries(Tags)),
    tagsError: TagsError?.ErrorCode,
    codeLocation: Code?.Location,
    isUpdating: LastUpdateStatus === "InProgress" || State === "Pending",
    updateFailure: LastUpdateStatus === "Failed"
      ? LastUpdateStatusReason ?? LastUpdateStatusReasonCode ?? "no reason is given"
      : undefined,
  };
}

function toRequest(
  { arn, revisionId }: FunctionState,
  { layers, variables }: FunctionSettings,
): {
  FunctionName: string;
  Layers: string[];
  Environment: { Variables: Record<string, string> };
  RevisionId?: string;
} {
  return {
    FunctionName: arn,
    Layers: [...layers],
    Environment: { Variables: Object.fromEntries(variables) },
    ...(revisionId === undefined ? {} : { RevisionId: revisionId }),
  };
}

/** A layer is named by its ARN without the version: it may be another account's. */
function layerOf(arn: string): { LayerName: string; VersionNumber: number } {
  const at = arn.lastIndexOf(":");
  return { LayerName: arn.slice(0, at), VersionNumber: Number(arn.slice(at + 1)) };
}

/** With another endpoint than AWS's, a place outside of it is not asked: an emulator's may lead to the real AWS. */
async function measure(location: string | undefined): Promise<number | undefined> {
  const endpoint = Deno.env.get("AWS_ENDPOINT_URL_LAMBDA") ?? Deno.env.get("AWS_ENDPOINT_URL");
  if (endpoint !== undefined && URL.parse(location ?? "")?.host !== URL.parse(endpoint)?.host) {
    return undefined;
  }
  return await unpackedBytesAt(location);
}
