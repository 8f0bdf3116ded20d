import { assertEquals } from "@std/assert";
import { renderTable, type TableRow } from "./clients_table.ts";

const ROW: TableRow = {
  language: "Go 1",
  protocol: "grpc",
  client: "otel",
  version: "v1",
  setup: "",
  verified: "all",
};

Deno.test("renderTable() has one line for the protocols of a client, and keeps a failure apart", () => {
  assertEquals(
    renderTable([ROW, { ...ROW, protocol: "http" }, {
      ...ROW,
      protocol: "json",
      setup: "X=1",
      verified: "FAILED",
    }]),
    "| language | protocols | client | version | to set | verified |\n" +
      "| --- | --- | --- | --- | --- | --- |\n" +
      "| Go 1 | grpc; http | otel | v1 | nothing | all |\n" +
      "| Go 1 | json | otel | v1 | X=1 | FAILED |\n",
  );
});
