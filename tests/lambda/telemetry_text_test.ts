import { assert, assertEquals } from "@std/assert";
import { readTelemetryText } from "../../src/lambda/telemetry_text.ts";
import { admit, createAdmission } from "../../src/net/admission.ts";

const MIB = 1024 * 1024;

function request(bytes: number, isLengthKnown: boolean): Request {
  const chunk = new Uint8Array(65_536).fill(120);
  const body = ReadableStream.from(Array.from({ length: bytes / chunk.length }, () => chunk));
  const headers = isLengthKnown ? { "content-length": String(bytes) } : {};
  return new Request("http://127.0.0.1/awslambda", { method: "POST", body, headers });
}

Deno.test("readTelemetryText() lets the platform wait for nobody, and others take part in the budget", async () => {
  const admission = createAdmission({ maxBytes: 1000 });
  const client = admission.open();
  assert(await client.take(1000));
  const others = Array.from({ length: 64 }, () => admission.open());
  const waiting = others.map((other) => other.take(1));
  for (const isLengthKnown of [true, false]) {
    const own = request(MIB, isLengthKnown);
    const read = await admit(admission, own, () => readTelemetryText(own));
    assertEquals([read.ok, read.ok && read.text.length], [true, MIB]);
    const large = request(2 * MIB, isLengthKnown);
    assertEquals(await admit(admission, large, () => readTelemetryText(large)), {
      ok: false,
      reason: "overloaded",
    });
  }
  for (const other of others) other.close();
  await Promise.all(waiting);
  client.close();
  const large = request(2 * MIB, false);
  assert((await admit(admission, large, () => readTelemetryText(large))).ok);
  assertEquals(admission.heldBytes, 0);
});
