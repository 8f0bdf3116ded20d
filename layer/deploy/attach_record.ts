/** Keeps what an attach changed, so that it can be undone. The files hold secrets: only their owner may read them. */
import { createHash } from "node:crypto";
import type { AttachRecord } from "./attach_change.ts";

/** The records of one folder, by the function's ARN. */
export interface RecordStore {
  /** Undefined when there is none. Throws when it cannot be read. */
  read(functionArn: string): Promise<AttachRecord | undefined>;
  write(functionArn: string, record: AttachRecord): Promise<void>;
  remove(functionArn: string): Promise<void>;
}

const OWNER_ONLY = 0o600;

/** The records in `folder`, which is made when it is first needed. */
export function createRecordStore(folder: string): RecordStore {
  const pathOf = (functionArn: string): string =>
    `${folder}/${createHash("sha256").update(functionArn).digest("hex").slice(0, 32)}.json`;
  return {
    async read(functionArn): Promise<AttachRecord | undefined> {
      const path = pathOf(functionArn);
      const text = await Deno.readTextFile(path).catch((error) => {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      });
      return text === undefined ? undefined : parseRecord(text, path);
    },
    async write(functionArn, record): Promise<void> {
      await Deno.mkdir(folder, { recursive: true });
      // JSON has no undefined: null stands for a variable that did not exist.
      const text = JSON.stringify(record, (_, value: unknown) => value === undefined ? null : value);
      await Deno.writeTextFile(pathOf(functionArn), text, { mode: OWNER_ONLY });
    },
    async remove(functionArn): Promise<void> {
      await Deno.remove(pathOf(functionArn)).catch(() => {});
    },
  };
}

function parseRecord(text: string, path: string): AttachRecord {
  const value: unknown = JSON.parse(text);
  const isRecord = typeof value === "object" && value !== null && "layer" in value && "variables" in value &&
    typeof value.layer === "string" && Array.isArray(value.variables);
  if (!isRecord) throw new Error(`Cannot undo as the record is damaged: remove ${path}`);
  const replaced = "replaced" in value && typeof value.replaced === "string" ? value.replaced : undefined;
  return {
    layer: String(value.layer),
    replaced,
    variables: (Array.isArray(value.variables) ? value.variables : []).map((
      [name, before, after]: (string | null)[],
    ) => [String(name), before ?? undefined, after ?? undefined]),
  };
}
