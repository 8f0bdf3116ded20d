import { assertEquals } from "@std/assert";
import { describeNetworkError } from "../../src/dataway/error_text.ts";

Deno.test("describeNetworkError() leaves out the queries that Deno's fetch quotes", () => {
  const connect = new TypeError(
    "error sending request for url (http://127.0.0.1:1/v1/write/metric?token=tkn_s): client error (Connect): refused",
  );
  assertEquals(
    describeNetworkError(connect),
    "TypeError: error sending request for url (http://127.0.0.1:1/v1/write/metric): client error (Connect): refused",
  );
  const reset = new TypeError(
    "error sending request from 1.1.1.1:1 for http://h/x?token=tkn_s (2.2.2.2:2): closed",
  );
  assertEquals(
    describeNetworkError(reset),
    "TypeError: error sending request from 1.1.1.1:1 for http://h/x (2.2.2.2:2): closed",
  );
});

Deno.test("describeNetworkError() leaves out a proxy's password, in causes too", () => {
  const error = new Error("failed", { cause: new Error("no route to http://user:pass@proxy:3128/") });
  assertEquals(describeNetworkError(error), "failed: no route to http://proxy:3128/");
});
