/** Whether the second target is there, and takes what is sent: asked with requests that hold nothing. */
import { type OtlpTargetConfig, TARGET_SIGNALS } from "../../config/otlp_target.ts";
import type { Environment, SettingProblem } from "../../config/reader.ts";
import { createTargetClient } from "../../otlp_target/client.ts";
import { CATEGORY_OF, createTargetExporter } from "../../otlp_target/exporter.ts";
import { batchOf, type ExportResult } from "../../pipeline/exporter.ts";
import { VERSION } from "../../version.ts";
import { explain } from "./explain.ts";
import { fault, type Finding, note, ok } from "./finding.ts";

/** What was found of it, and what of its settings cannot be used. */
export interface TargetExamination {
  readonly findings: readonly Finding[];
  readonly problems: readonly SettingProblem[];
}

/** Longest wait for one answer, in ms. */
const PATIENCE_MS = 5_000;
const GRPC_PORT = "4317";
const GRPC_HINT = `Port ${GRPC_PORT} is OTLP/gRPC's as a rule, and what is sent is OTLP/HTTP, which has 4318`;

/** Each signal's endpoint. */
export async function checkTarget(
  target: OtlpTargetConfig,
  env: Environment,
  now: () => number,
): Promise<TargetExamination> {
  using client = createTargetClient(target, env, now);
  await using exporter = createTargetExporter({
    config: target,
    send: client.send,
    sign: client.sign,
    version: VERSION,
    now,
  });
  const asked = TARGET_SIGNALS.flatMap((signal) => {
    const url = target.endpoints[signal];
    return url === undefined ? [] : [{ signal, url: new URL(url) }];
  });
  const findings = await Promise.all(asked.map(async ({ signal, url }) => {
    const result = await exporter.export(batchOf(CATEGORY_OF[signal], []), AbortSignal.timeout(PATIENCE_MS));
    const finding = judge(`${url.origin}${url.pathname}`, signal, result);
    const isGrpcPort = url.port === GRPC_PORT && finding.outcome === "fault";
    return isGrpcPort ? { ...finding, text: `${finding.text}. ${GRPC_HINT}` } : finding;
  }));
  return { findings, problems: client.problems };
}

function judge(about: string, signal: string, result: ExportResult): Finding {
  if (result.status === "success") return ok(about, `takes ${signal}`);
  const { error } = result;
  if (result.status === "failure" && result.reason === "forbidden") {
    return fault(
      about,
      `refuses us (${error}): are ENV_OTLP_TARGET_HEADERS, or the role's rights, what it wants?`,
    );
  }
  // A request without data is in order for OTLP, and yet not for everyone.
  if (/answered 400\b/.test(error)) {
    return note(about, `answers, and refuses a request without data (${error})`);
  }
  if (/^Cannot reach/.test(error)) return fault(about, `is out of reach: ${explain(error)}`);
  return fault(about, `does not take ${signal}: ${error}`);
}
