import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asCommand, filterFields, filterParams, formatFilter, parseFilter, withField } from "./filter.ts";

test("a filter is parsed into fields and words; quotes group a value", () => {
  assert.deepEqual(parseFilter('name:onboarding key:deal:8841 attribute:"tier=very large" CRM 503'), {
    fields: { name: "onboarding", key: "deal:8841", attribute: "tier=very large" },
    words: "CRM 503",
  });
  assert.deepEqual(filterParams("status:failed no funds", { from: "2026-01-01T00:00:00Z" }), {
    status: "failed",
    q: "no funds",
    from: "2026-01-01T00:00:00Z",
  });
});

test("text with an unknown field name is treated as a word", () => {
  assert.deepEqual(parseFilter("http://crm:80 name: name."), { fields: {}, words: "http://crm:80 name: name." });
});

test("a formatted filter parses back to the same filter", () => {
  const word = fc.stringMatching(/^[\w.=-]{1,8}$/);
  const fields = fc.dictionary(fc.constantFrom(...filterFields), fc.stringMatching(/^[\w.:=-]{1,8}( [\w.]{1,4})?$/));
  fc.assert(
    fc.property(fields, fc.array(word, { maxLength: 3 }), (given, words) => {
      const filter = { fields: { ...given }, words: words.join(" ") };
      assert.deepEqual(parseFilter(formatFilter(filter)), filter);
    }),
  );
});

test("a field is set and removed without changing the rest", () => {
  assert.equal(withField("name:a x y", "status", "failed"), "name:a status:failed x y");
  assert.equal(withField("name:a status:failed x y", "status", null), "name:a x y");
});

test("the CLI command has the same filter, with shell quotes where needed", () => {
  assert.equal(asCommand("status:failed it's gone"), "baton runs 'it'\\''s gone' --status failed");
});
