import { assertEquals } from "@std/assert";
import { readAdvisories } from "../../../layer/attest/advisories.ts";

Deno.test("readAdvisories tells each advisory with its severity", () => {
  const answer = {
    auditReportVersion: 2,
    vulnerabilities: {
      lodash: { severity: "high", via: [{ title: "Prototype Pollution" }, { title: "Command Injection" }] },
      outer: { severity: "low", via: ["lodash"] },
    },
  };
  assertEquals(readAdvisories(JSON.stringify(answer), ""), [
    { verdict: "WRONG", what: "advisories", details: "lodash, high: Prototype Pollution; Command Injection" },
    { verdict: "WRONG", what: "advisories", details: "outer, low: lodash" },
  ]);
});

Deno.test("readAdvisories tells that there are none", () => {
  assertEquals(readAdvisories('{"auditReportVersion":2,"vulnerabilities":{}}', ""), [
    { verdict: "ok", what: "advisories", details: "the registry knows of none" },
  ]);
});

Deno.test("readAdvisories says clearly that nothing was checked, and names no address", () => {
  const refused = JSON.stringify({
    message: "405 Method Not Allowed - POST https://user:secret@npm.example/-/bulk",
  });
  assertEquals(readAdvisories(refused, "npm error"), [
    {
      verdict: "note",
      what: "advisories",
      details: "NOT CHECKED, the registry gives no answer: 405 Method Not Allowed - POST <registry>",
    },
  ]);
  assertEquals(readAdvisories("", "first\nnpm error network"), [
    {
      verdict: "note",
      what: "advisories",
      details: "NOT CHECKED, the registry gives no answer: npm error network",
    },
  ]);
});
