import { assertEquals } from "@std/assert";
import { encodeExportResponse, encodeStatus } from "../../../src/ingest/otlp/proto_responses.ts";
import { PARTIAL_SUCCESS, STATUS } from "../../fixtures/otlp/worked_bytes.ts";

Deno.test("encodeExportResponse() writes the worked partial success", () => {
  assertEquals(encodeExportResponse(2, "bad id"), PARTIAL_SUCCESS);
});

Deno.test("encodeExportResponse() writes no byte when nothing was rejected", () => {
  assertEquals(encodeExportResponse(0, ""), new Uint8Array(0));
});

Deno.test("encodeExportResponse() writes counts and lengths of several bytes", () => {
  const bytes = encodeExportResponse(300, "x".repeat(200));
  assertEquals(bytes.subarray(0, 9).toHex(), "0ace0108ac0212c801");
  assertEquals(bytes.length, 9 + 200);
});

Deno.test("encodeStatus() writes the worked status", () => {
  assertEquals(encodeStatus(3, "bad"), STATUS);
});
