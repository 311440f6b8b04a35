import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { checkValue, pathText } from "./check.ts";
import { fieldOf, humanizeName, type JsonSchema } from "./model.ts";
import { branchOf, initialValue, sortByField, toBranch, withMember } from "./value.ts";

/** The JSON Schema that the API returns for such an input. */
function input(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
}

const kinds: readonly (readonly [string, JsonSchema, string])[] = [
  ["text", { type: "string" }, "text"],
  ["a format", { type: "string", format: "email" }, "text"],
  ["an enum", { enum: ["a", "b"] }, "choice"],
  ["titled constants", { oneOf: [{ const: 1, title: "One" }, { const: 2 }] }, "choice"],
  ["one constant", { const: "x" }, "const"],
  ["an integer", { type: "integer" }, "number"],
  ["a boolean", { type: "boolean" }, "boolean"],
  ["a list of enums", { type: "array", items: { enum: ["a", "b"] } }, "choices"],
  ["a list of objects", { type: "array", items: { type: "object", properties: { a: {} } } }, "list"],
  ["an object", { type: "object", properties: { a: { type: "string" } } }, "object"],
  ["an object without a type", { properties: { a: { type: "string" } } }, "object"],
  ["any object", { type: "object" }, "json"],
  ["a record", { type: "object", additionalProperties: { type: "number" } }, "json"],
  ["a tuple", { type: "array", prefixItems: [{ type: "string" }], items: false }, "json"],
  ["several types", { type: ["string", "number"] }, "json"],
  ["anything", {}, "json"],
  ["a reference", { $ref: "#/$defs/a", $defs: { a: { type: "string" } } }, "text"],
  ["a broken reference", { $ref: "#/$defs/a" }, "json"],
  ["alternatives", { anyOf: [{ type: "string" }, { type: "number" }] }, "variant"],
  ["an alternative without a field", { anyOf: [{ type: "string" }, {}] }, "json"],
];

describe("a field of a form", () => {
  for (const [what, schema, kind] of kinds)
    it(`has kind ${kind} for ${what}`, () => assert.equal(fieldOf(schema).kind, kind));

  it("limits the depth of a recursive schema", () => {
    const tree = { $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" } } } } };
    assert.equal(fieldOf({ ...tree, $ref: "#/$defs/node" }).kind, "object");
  });

  it("is nullable if the schema allows null", () => {
    const both = fieldOf({ anyOf: [{ type: "string", maxLength: 3 }, { type: "null" }], title: "Name" });
    assert.deepEqual([both.kind, both.isNullable, both.title], ["text", true, "Name"]);
    assert.equal(fieldOf({ type: ["number", "null"] }).isNullable, true);
  });

  it("reads title, description, default, read-only and widget", () => {
    const field = fieldOf({
      type: "string",
      title: "Note",
      description: "For the file",
      default: "none",
      readOnly: true,
      "x-baton": { widget: "multiline" },
    });
    assert.equal(field.kind === "text" && field.isLong, true);
    assert.deepEqual(
      [field.title, field.help, field.defaultValue, field.isReadOnly],
      ["Note", "For the file", "none", true],
    );
  });

  it("ignores the limits that every safe integer has", () => {
    const field = fieldOf(input(z.int().min(1)));
    assert.deepEqual(field.kind === "number" && [field.min, field.max], [1, null]);
  });

  it("sorts members by the declared order", () => {
    const field = fieldOf({
      properties: { a: { type: "string" }, b: { type: "string", "x-baton": { order: 1 } } },
      required: ["a"],
    });
    assert.deepEqual(field.kind === "object" && field.members.map(({ name, isRequired }) => [name, isRequired]), [
      ["b", false],
      ["a", true],
    ]);
  });
});

const payment = input(
  z.object({
    payment: z.discriminatedUnion("by", [
      z.object({ by: z.literal("card"), token: z.string(), note: z.string().optional() }),
      z.object({ by: z.literal("invoice"), dueDays: z.int().min(1).max(90), note: z.string().optional() }),
    ]),
  }),
);

describe("a variant field", () => {
  const field = fieldOf(payment);
  const part = field.kind === "object" ? field.members[0]?.field : undefined;
  assert.ok(part?.kind === "variant");

  it("labels its branches by their constants", () =>
    assert.deepEqual(
      part.branches.map(({ label }) => label),
      ["card", "invoice"],
    ));

  it("finds the branch that matches a value", () => {
    assert.equal(branchOf(part, { by: "invoice" }), 1);
    assert.equal(branchOf(part, "other"), -1);
  });

  it("keeps shared members when the branch changes", () =>
    assert.deepEqual(toBranch(part, { by: "card", token: "t", note: "n" }, 1), { by: "invoice", note: "n" }));

  it("reports problems of the selected branch only", () =>
    assert.deepEqual(checkValue(payment, { payment: { by: "invoice", dueDays: 91 } }), [
      { path: "/payment/dueDays", message: "must be at most 90" },
    ]));
});

describe("the value of a form", () => {
  it("starts with defaults and constants", () => {
    const schema = input(
      z.object({ name: z.string(), tier: z.enum(["smb", "ent"]).default("smb"), kind: z.literal("deal") }),
    );
    assert.deepEqual(initialValue(fieldOf(schema)), { tier: "smb", kind: "deal" });
  });

  it("keeps the order of the schema and omits empty members", () => {
    const field = fieldOf({ properties: { a: { type: "string" }, b: { type: "string" } } });
    assert.deepEqual(Object.keys(withMember(field, { b: "1" }, "a", "2")), ["a", "b"]);
    assert.deepEqual(withMember(field, { b: "1" }, "b", undefined), {});
  });
});

const order = input(
  z.object({
    email: z.email(),
    amount: z.number().positive(),
    day: z.iso.date(),
    tier: z.enum(["smb", "ent"]),
    items: z.array(z.object({ sku: z.string().min(1), count: z.int().min(1) })).min(1),
    comment: z.string().nullable(),
  }),
);

describe("validation", () => {
  it("accepts a valid value", () =>
    assert.deepEqual(
      checkValue(order, {
        email: "ada@example.com",
        amount: 1,
        day: "2026-05-31",
        tier: "smb",
        items: [{ sku: "a", count: 1 }],
        comment: null,
      }),
      [],
    ));

  it("reports each invalid field once", () => {
    const problems = checkValue(order, { email: "ada", amount: 0, day: "soon", tier: "x", items: [{ sku: "" }] }) ?? [];
    assert.deepEqual(Object.fromEntries(problems.map(({ path, message }) => [path, message])), {
      "/comment": "is required",
      "/email": "must be an email address, such as ada@example.com",
      "/amount": "must be more than 0",
      "/day": "must be a date, such as 2026-05-31",
      "/tier": 'must be one of "smb", "ent"',
      "/items/0/count": "is required",
      "/items/0/sku": "must not be empty",
    });
  });

  it("is sorted in the order of the form", () => {
    const places = ["/comment", "/items/1/sku", "/items/0/count", "/email"].map((path) => ({ path }));
    assert.deepEqual(
      sortByField(fieldOf(order), places).map(({ path }) => path),
      ["/email", "/items/0/count", "/items/1/sku", "/comment"],
    );
  });

  it("finds limits behind references", () => {
    const schema = { $defs: { n: { type: "integer", minimum: 3 } }, properties: { a: { $ref: "#/$defs/n" } } };
    assert.deepEqual(checkValue(schema, { a: 1 }), [{ path: "/a", message: "must be at least 3" }]);
  });

  it("reports the type of the value itself", () =>
    assert.deepEqual(checkValue({ type: "object" }, undefined), [{ path: "", message: "must be an object" }]));

  it("reports the format if a pattern and a format both fail", () =>
    assert.deepEqual(checkValue(input(z.email()), "ada@example"), [
      { path: "", message: "must be an email address, such as ada@example.com" },
    ]));

  it("returns null for a schema that it cannot read", () =>
    assert.equal(checkValue({ $ref: "https://elsewhere.example/schema" }, {}), null));
});

it("formats names and paths for display", () => {
  assert.equal(humanizeName("managerEmail"), "Manager email");
  assert.equal(humanizeName("due_at"), "Due at");
  assert.equal(pathText("/items/0/unitPrice"), "Items 1, Unit price");
  assert.equal(pathText(""), "The input");
});
