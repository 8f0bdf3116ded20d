import { assertEquals } from "@std/assert";
import { EMPTY_STATE } from "./empty_state.ts";
import { createModel } from "./model.ts";

Deno.test("createModel() counts what has arrived although its clock is behind the emulator's", () => {
  const model = createModel({ ...EMPTY_STATE, mode: "live", now: 100 }, () => 0);
  assertEquals(model.now(), 100);
  model.apply({ type: "upload", row: [1, 105, 4, 0, 7, 10, 10, 200, 0] });
  assertEquals(model.now(), 109);
  assertEquals(model.sums.arrivedAt(model.now()), [7, 0, 0, 0]);
});

Deno.test("createModel() replaces rows of the same key and keeps their order", () => {
  const model = createModel(EMPTY_STATE, () => 0);
  model.apply({ type: "phase", row: ["init", 1, 5, -1, "init"] });
  model.apply({ type: "phase", row: ["frozen", 1, 20, -1] });
  model.apply({ type: "phase", row: ["init", 1, 5, 10, "init"] });
  assertEquals(model.phases.map(({ k, d }) => [k, d]), [["init", 10], ["frozen", -1]]);
});
