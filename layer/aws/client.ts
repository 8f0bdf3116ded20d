/** Lambda, S3 and STS of one region by way of the AWS SDK, as `publish` and `attach` want them. */
import {
  type Architecture,
  Lambda,
  LambdaClient,
  type LambdaClientConfig,
  paginateListLayerVersions,
  type Runtime,
} from "@aws-sdk/client-lambda";
import { S3 } from "@aws-sdk/client-s3";
import { STS } from "@aws-sdk/client-sts";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { explain } from "../deploy/aws_error.ts";
import type { Content, Grant, LayerService, LayerVersion } from "../deploy/publish_layer.ts";

/** Whose rights to use, and where. */
export interface ClientOptions {
  /** Undefined: that of the AWS settings. */
  readonly region: string | undefined;
  /** Undefined: the default credentials. */
  readonly profile: string | undefined;
}

/** A zip of 50 MB in the request, over a line of 1 Mbit/s. */
const PUBLISH_LIMIT_MS = 15 * 60_000;
const READ_LIMIT_MS = 60_000;
const READ_ATTEMPTS = 5;

/** Runs `call` and turns what it throws into an `AwsError` that names the action and the region. */
export async function told<T>(action: string, region: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw explain(error, { action, region });
  }
}

/** Options of an SDK client that repeats what can be repeated. */
export function clientConfig({ region, profile }: ClientOptions): LambdaClientConfig {
  return {
    ...(region === undefined ? {} : { region }),
    ...(profile === undefined ? {} : { profile }),
    maxAttempts: READ_ATTEMPTS,
    requestHandler: fetchWithin(READ_LIMIT_MS),
  };
}

/**
 * Deno's own fetch, as its `node:http` never answers a client's second request when the server closes the
 * connection after the first (Deno 2.7.11). It heeds HTTPS_PROXY as well.
 */
function fetchWithin(limitMs: number): FetchHttpHandler {
  return new FetchHttpHandler({ requestTimeout: limitMs });
}

/** Id of the account that the credentials belong to. Throws an `AwsError`. */
export async function readAccount(options: ClientOptions & { readonly region: string }): Promise<string> {
  const { region, profile } = options;
  const client = new STS({
    region,
    ...(profile === undefined ? {} : { profile }),
    maxAttempts: 2,
    requestHandler: fetchWithin(READ_LIMIT_MS),
  });
  const { Account } = await told("sts:GetCallerIdentity", region, () => client.getCallerIdentity({}));
  return Account ?? "unknown";
}

/** The layers of one region. */
export function createLayerService(options: ClientOptions & { readonly region: string }): LayerService {
  const { region } = options;
  const config = clientConfig(options);
  const lambda = new Lambda(config);
  const publisher = new Lambda({
    ...config,
    maxAttempts: 1,
    requestHandler: fetchWithin(PUBLISH_LIMIT_MS),
  });
  const createS3 = (): S3 =>
    new S3({
      region,
      ...(options.profile === undefined ? {} : { profile: options.profile }),
      // An emulator is found by its one host name; AWS takes both ways.
      forcePathStyle: true,
      requestHandler: fetchWithin(PUBLISH_LIMIT_MS),
    });
  const describe = async (name: string, number: number): Promise<LayerVersion> => {
    const { LayerVersionArn, Version, Content } = await told(
      "lambda:GetLayerVersion",
      region,
      () => lambda.getLayerVersion({ LayerName: name, VersionNumber: number }),
    );
    return toVersion(LayerVersionArn, Version, Content?.CodeSha256);
  };

  return {
    async latest(name): Promise<LayerVersion | undefined> {
      const newest = await told("lambda:ListLayerVersions", region, () => newestVersion(lambda, name));
      return newest === undefined ? undefined : await describe(name, newest);
    },
    async publish(request): Promise<LayerVersion> {
      const { LayerVersionArn, Version, Content } = await told(
        "lambda:PublishLayerVersion",
        region,
        () =>
          publisher.publishLayerVersion({
            LayerName: request.name,
            Description: request.description,
            LicenseInfo: request.license,
            // The user may name a runtime that is newer than this SDK; Lambda is the judge.
            CompatibleRuntimes: request.runtimes as Runtime[],
            ...(request.architecture === undefined
              ? {}
              : { CompatibleArchitectures: [request.architecture as Architecture] }),
            Content: toContent(request.content),
          }),
      );
      return toVersion(LayerVersionArn, Version, Content?.CodeSha256);
    },
    grants: (name, version) =>
      told("lambda:GetLayerVersionPolicy", region, () => readGrants(lambda, name, version)),
    async grant(name, version, { statementId, principal, organizationId }): Promise<void> {
      await told("lambda:AddLayerVersionPermission", region, () =>
        lambda.addLayerVersionPermission({
          LayerName: name,
          VersionNumber: version,
          StatementId: statementId,
          Action: "lambda:GetLayerVersion",
          Principal: principal,
          ...(organizationId === undefined ? {} : { OrganizationId: organizationId }),
        }));
    },
    async upload(bucket, key, bytes): Promise<void> {
      await told(
        "s3:PutObject",
        region,
        () => createS3().putObject({ Bucket: bucket, Key: key, Body: bytes }),
      );
    },
    async discard(bucket, key): Promise<void> {
      await told("s3:DeleteObject", region, () => createS3().deleteObject({ Bucket: bucket, Key: key }));
    },
  };
}

/** Highest number of the layer's versions: the order of AWS's list is not promised. */
async function newestVersion(client: LambdaClient, name: string): Promise<number | undefined> {
  let newest: number | undefined;
  try {
    for await (const { LayerVersions = [] } of paginateListLayerVersions({ client }, { LayerName: name })) {
      for (const { Version = 0 } of LayerVersions) newest = Math.max(newest ?? 0, Version);
    }
    return newest;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function readGrants(lambda: Lambda, name: string, version: number): Promise<readonly Grant[]> {
  try {
    const { Policy = "{}" } = await lambda.getLayerVersionPolicy({ LayerName: name, VersionNumber: version });
    return parsePolicy(Policy);
  } catch (error) {
    if (isNotFound(error)) return []; // shared with nobody
    throw error;
  }
}

/** The part of a resource policy that is used here. */
interface Policy {
  readonly Statement?: readonly {
    readonly Sid?: string;
    readonly Principal?: string | { readonly AWS?: string };
    readonly Condition?: { readonly StringEquals?: Readonly<Record<string, string>> };
  }[];
}

function parsePolicy(text: string): readonly Grant[] {
  const { Statement = [] }: Policy = JSON.parse(text);
  return Statement.map(({ Sid = "", Principal = "", Condition }) => {
    const named = typeof Principal === "string" ? Principal : Principal.AWS ?? "";
    const organizationId = Condition?.StringEquals?.["aws:PrincipalOrgID"];
    return {
      statementId: Sid,
      // An account comes back as the ARN of its root.
      principal: /^arn:[^:]*:iam::(\d{12}):root$/.exec(named)?.[1] ?? named,
      ...(organizationId === undefined ? {} : { organizationId }),
    };
  });
}

function toContent(content: Content): { ZipFile: Uint8Array } | { S3Bucket: string; S3Key: string } {
  return "bytes" in content ? { ZipFile: content.bytes } : { S3Bucket: content.bucket, S3Key: content.key };
}

function toVersion(
  arn: string | undefined,
  version: number | undefined,
  codeSha256: string | undefined,
): LayerVersion {
  if (arn !== undefined && version !== undefined && codeSha256 !== undefined) {
    return { arn, version, codeSha256 };
  }
  throw new Error("Cannot use Lambda's answer as it must name the ARN, version and SHA-256 of the layer");
}

/** Whether AWS said that there is no such thing. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Error && error.name === "ResourceNotFoundException";
}
