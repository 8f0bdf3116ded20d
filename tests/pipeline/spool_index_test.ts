import { assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createSpoolFolder } from "../../src/pipeline/spool_folder.ts";
import { createSpoolIndex } from "../../src/pipeline/spool_index.ts";
import { createFakeDisk } from "./fake_files.ts";

Deno.test("createSpoolIndex() removes a file once: no other one goes in its place", () => {
  const index = createSpoolIndex({
    folder: createSpoolFolder(createFakeDisk()),
    maxBytes: 1e6,
    maxFileBytes: 1e6,
    ledger: createLedger(),
    log: createLogger({ level: "off" }),
    now: () => 1_700_000_000_000,
  });
  const [first, second] = [1, 2].map((count) =>
    index.add({ category: "logging", runs: [["otlp", count]] }, [new Uint8Array(10)])
  );
  if (first === undefined || second === undefined) throw new Error("Cannot add files");
  index.remove(first);
  index.remove(first);
  assertEquals(index.files(), [second]);
  assertEquals(index.held(), 2);
  assertEquals(index.bytes, second.sizeBytes);
});
