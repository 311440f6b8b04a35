/**
 * The fields of a form, derived from a JSON Schema 2020-12. Values without a specific field are edited as JSON, so that
 * every schema has a form.
 */
export type JsonSchema = Readonly<Record<string, unknown>>;

interface Common {
  readonly title: string | null;
  readonly help: string | null;
  readonly isReadOnly: boolean;
  /** The default of the schema. */
  readonly defaultValue: unknown;
  /** Null is allowed. */
  readonly isNullable: boolean;
}

export type Field = Common &
  (
    | {
        readonly kind: "text";
        readonly format: TextFormat | null;
        readonly isLong: boolean;
        readonly max: number | null;
      }
    | { readonly kind: "number"; readonly isWhole: boolean; readonly min: number | null; readonly max: number | null }
    | { readonly kind: "boolean" }
    | { readonly kind: "choice"; readonly options: readonly Option[] }
    | { readonly kind: "choices"; readonly options: readonly Option[] }
    | { readonly kind: "const"; readonly value: unknown }
    | { readonly kind: "list"; readonly item: Field; readonly itemsMax: number | null }
    | { readonly kind: "object"; readonly members: readonly Member[] }
    | { readonly kind: "variant"; readonly branches: readonly Branch[] }
    | { readonly kind: "json" }
  );

export type TextFormat = "date" | "date-time" | "email" | "uri";

export interface Option {
  readonly value: unknown;
  readonly label: string;
}

export interface Member {
  readonly name: string;
  readonly field: Field;
  readonly isRequired: boolean;
}

export interface Branch {
  readonly label: string;
  readonly field: Field;
}

/** Depth limit for recursive schemas. */
const depthMax = 8;

export function fieldOf(schema: unknown, root: JsonSchema = asSchema(schema), depth = 0): Field {
  const own = flatten(schema, root);
  const { schema: bare, isNullable } = withoutNull(own, root);
  const common: Common = {
    title: textOf(own["title"]) ?? textOf(bare["title"]),
    help: helpOf(own) ?? helpOf(bare),
    isReadOnly: own["readOnly"] === true || bare["readOnly"] === true,
    defaultValue: own["default"] ?? bare["default"],
    isNullable,
  };
  return { ...common, ...kindOf(bare, root, depth) } as Field;
}

type Kind = Field extends infer Each ? (Each extends Field ? Omit<Each, keyof Common> : never) : never;

function kindOf(schema: JsonSchema, root: JsonSchema, depth: number): Kind {
  if (depth >= depthMax) return { kind: "json" };
  if ("const" in schema) return { kind: "const", value: schema["const"] };
  const options = optionsOf(schema, root);
  if (options !== null) return { kind: "choice", options };
  const branches = schema["oneOf"] ?? schema["anyOf"];
  if (Array.isArray(branches)) return variantOf(schema, branches, root, depth);
  switch (typeOf(schema)) {
    case "string":
      return {
        kind: "text",
        format: formats.find((each) => each === schema["format"]) ?? null,
        isLong: widgetOf(schema) === "multiline" || widgetOf(schema) === "textarea",
        max: numberOf(schema["maxLength"]),
      };
    case "number":
    case "integer":
      return {
        kind: "number",
        isWhole: typeOf(schema) === "integer",
        min: limitOf(schema["minimum"] ?? schema["exclusiveMinimum"]),
        max: limitOf(schema["maximum"] ?? schema["exclusiveMaximum"]),
      };
    case "boolean":
      return { kind: "boolean" };
    case "array":
      return listOf(schema, root, depth);
    case "object":
      return objectOf(schema, root, depth);
    default:
      return { kind: "json" };
  }
}

const formats: readonly TextFormat[] = ["date", "date-time", "email", "uri"];

function listOf(schema: JsonSchema, root: JsonSchema, depth: number): Kind {
  if (!isSchema(schema["items"]) || Array.isArray(schema["prefixItems"])) return { kind: "json" };
  const item = fieldOf(schema["items"], root, depth + 1);
  if (item.kind === "choice" && item.options.length <= 12) return { kind: "choices", options: item.options };
  return { kind: "list", item, itemsMax: numberOf(schema["maxItems"]) };
}

function objectOf(schema: JsonSchema, root: JsonSchema, depth: number): Kind {
  const properties = schema["properties"];
  // An object without declared properties is edited as JSON.
  if (!isSchema(properties) || Object.keys(properties).length === 0) return { kind: "json" };
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const members = Object.entries(properties).map(([name, each]) => ({
    name,
    field: fieldOf(each, root, depth + 1),
    isRequired: required.includes(name),
    order: orderOf(each),
  }));
  return { kind: "object", members: members.toSorted((a, b) => a.order - b.order) };
}

/** One of several shapes: the selected branch determines the fields. */
function variantOf(schema: JsonSchema, branches: readonly unknown[], root: JsonSchema, depth: number): Kind {
  const { oneOf: _one, anyOf: _any, ...shared } = schema;
  const all = branches.map((branch, i) => {
    const field = fieldOf(merge(shared, flatten(branch, root)), root, depth + 1);
    return { label: field.title ?? constLabel(field) ?? `${kindLabel(field)} (${i + 1})`, field };
  });
  return all.some(({ field }) => field.kind === "json") ? { kind: "json" } : { kind: "variant", branches: all };
}

function constLabel(field: Field): string | null {
  if (field.kind === "const") return labelOf(field.value);
  if (field.kind !== "object") return null;
  const fixed = field.members.flatMap(({ field: each }) => (each.kind === "const" ? [labelOf(each.value)] : []));
  return fixed.length === 0 ? null : fixed.join(", ");
}

function kindLabel(field: Field): string {
  const words: Readonly<Record<Field["kind"], string>> = {
    text: "Text",
    number: "Number",
    boolean: "True or false",
    choice: "Choice",
    choices: "Choices",
    const: "Value",
    list: "List",
    object: "Fields",
    variant: "Variant",
    json: "JSON",
  };
  return words[field.kind];
}

/** The options of an `enum`, or of alternatives that are each a constant with a title. */
function optionsOf(schema: JsonSchema, root: JsonSchema): readonly Option[] | null {
  if (Array.isArray(schema["enum"])) return schema["enum"].map((value) => ({ value, label: labelOf(value) }));
  const alternatives = schema["oneOf"] ?? schema["anyOf"];
  if (!Array.isArray(alternatives)) return null;
  const flat = alternatives.map((each) => flatten(each, root));
  if (!flat.every((each) => "const" in each)) return null;
  return flat.map((each) => ({ value: each["const"], label: textOf(each["title"]) ?? labelOf(each["const"]) }));
}

function labelOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The schema with its `$ref` and `allOf` merged in. */
function flatten(schema: unknown, root: JsonSchema, depth = 0): JsonSchema {
  let flat = asSchema(schema);
  if (depth >= depthMax) return {};
  const { $ref, allOf, ...own } = flat;
  flat = own;
  if (typeof $ref === "string") flat = merge(flatten(resolvePointer(root, $ref), root, depth + 1), flat);
  if (Array.isArray(allOf)) for (const each of allOf) flat = merge(flat, flatten(each, root, depth + 1));
  return flat;
}

function merge(a: JsonSchema, b: JsonSchema): JsonSchema {
  const properties =
    isSchema(a["properties"]) && isSchema(b["properties"])
      ? { properties: { ...a["properties"], ...b["properties"] } }
      : {};
  const required =
    Array.isArray(a["required"]) && Array.isArray(b["required"])
      ? { required: [...new Set([...a["required"], ...b["required"]])] }
      : {};
  return { ...a, ...b, ...properties, ...required };
}

/** Resolves a JSON pointer such as `#/$defs/address`. */
export function resolvePointer(root: unknown, pointer: string): unknown {
  if (!pointer.startsWith("#")) return {};
  return pointer
    .slice(1)
    .split("/")
    .slice(1)
    .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>(
      (at, part) => (typeof at === "object" && at !== null ? (at as JsonSchema)[part] : undefined),
      root,
    );
}

function withoutNull(schema: JsonSchema, root: JsonSchema): { schema: JsonSchema; isNullable: boolean } {
  if (Array.isArray(schema["type"]) && schema["type"].includes("null")) {
    const [type, ...others] = schema["type"].filter((each) => each !== "null");
    if (others.length === 0) return { schema: { ...schema, type }, isNullable: true };
  }
  for (const keyword of ["anyOf", "oneOf"] as const) {
    const branches = schema[keyword];
    if (!Array.isArray(branches)) continue;
    const rest = branches.filter((each) => flatten(each, root)["type"] !== "null");
    if (rest.length === branches.length || rest.length === 0) continue;
    const { [keyword]: _gone, ...own } = schema;
    const bare = rest.length === 1 ? merge(flatten(rest[0], root), own) : { ...own, [keyword]: rest };
    return { schema: bare, isNullable: true };
  }
  return { schema, isNullable: false };
}

function typeOf(schema: JsonSchema): unknown {
  if (schema["type"] !== undefined) return schema["type"];
  return isSchema(schema["properties"]) ? "object" : isSchema(schema["items"]) ? "array" : undefined;
}

function asSchema(value: unknown): JsonSchema {
  return isSchema(value) ? value : {};
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

/** Null for a limit that every safe integer satisfies: it is not worth showing. */
function limitOf(value: unknown): number | null {
  return typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : null;
}

function extra(schema: JsonSchema): JsonSchema {
  return asSchema(schema["x-baton"]);
}

function widgetOf(schema: JsonSchema): string | null {
  return textOf(extra(schema)["widget"]);
}

function helpOf(schema: JsonSchema): string | null {
  return textOf(extra(schema)["help"]) ?? textOf(schema["description"]);
}

function orderOf(schema: unknown): number {
  return numberOf(extra(asSchema(schema))["order"]) ?? 1_000;
}

/** `managerEmail` and `manager_email` as `Manager email`. */
export function humanizeName(name: string): string {
  const words = name
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .replaceAll(/[_-]+/g, " ")
    .trim()
    .toLowerCase();
  return words === "" ? name : `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
