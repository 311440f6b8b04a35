import assert from "node:assert/strict";
import { test } from "node:test";
import { csvLine } from "./csv.ts";

test("cells are quoted where they must be", () => {
  assert.equal(csvLine(["a", 1, null, 'say "hi"', "a,b", "two\nlines"]), 'a,1,,"say ""hi""","a,b","two\nlines"\r\n');
});

test("what a spreadsheet would run gets an apostrophe", () => {
  for (const text of ["=1+1", "+1", "-1", "@sum", "\tx"]) assert.equal(csvLine([text]), `'${text}\r\n`);
  assert.equal(csvLine(["\rx"]), '"\'\rx"\r\n');
  assert.equal(csvLine(['=cmd|"x"']), '"\'=cmd|""x"""\r\n');
  assert.equal(csvLine([-5, "a=b"]), "-5,a=b\r\n");
});
