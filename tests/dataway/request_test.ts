import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { buildUploadHeaders, buildUploadUrl, createPackageId } from "../../src/dataway/request.ts";

Deno.test("buildUploadUrl() puts the category's path behind the prefix and the query behind that", () => {
  const endpoint = { base: "https://a.example/team", query: "x=1&token=t", token: "t" };
  assertEquals(
    buildUploadUrl(endpoint, "custom_object"),
    "https://a.example/team/v1/write/custom_object?x=1&token=t",
  );
});

Deno.test("buildUploadHeaders() declares what the body is", () => {
  const facts = { contentType: "application/line-protocol", points: 12, packageId: "dk_x", version: "2.0.0" };
  assertEquals(buildUploadHeaders({ ...facts, gzip: true }), {
    "content-type": "application/line-protocol",
    "content-encoding": "gzip",
    "x-points": "12",
    "x-pkg-id": "dk_x",
    "user-agent": "datakit-lambda-extension/2.0.0",
  });
  assertEquals(buildUploadHeaders({ ...facts, gzip: false })["content-encoding"], undefined);
});

Deno.test("createPackageId() makes a new id of DataKit's form each time", () => {
  assertMatch(createPackageId(), /^dk_[0-9a-v]{20}$/);
  assertNotEquals(createPackageId(), createPackageId());
});
