/**
 * The subset of JSON Schema 2020-12 that the API uses. It is the source of the OpenAPI document, and `check` enforces
 * it.
 */
export interface Schema {
  readonly $ref?: string;
  readonly type?: JsonType | readonly JsonType[];
  readonly description?: string;
  readonly enum?: readonly (string | number | null)[];
  readonly const?: string | number | boolean;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** If omitted, unknown fields are refused. */
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly format?: "date-time" | "duration";
  readonly default?: string | number | boolean;
  readonly examples?: readonly unknown[];
}

type JsonType = "string" | "integer" | "number" | "boolean" | "object" | "array" | "null";

/** An object with a fixed set of fields. */
export interface ObjectSchema extends Schema {
  readonly type: "object";
  readonly properties: Readonly<Record<string, Schema>>;
}

/** An object schema. Fields listed in `optional` can be omitted; all others are required. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  options: { optional?: readonly string[]; description?: string } = {},
): ObjectSchema {
  const required = Object.keys(properties).filter((name) => !options.optional?.includes(name));
  return {
    type: "object",
    ...(options.description === undefined ? {} : { description: options.description }),
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

export function text(maxLength: number, description?: string): Schema {
  return { type: "string", minLength: 1, maxLength, ...(description === undefined ? {} : { description }) };
}

export function list(items: Schema, description?: string): Schema {
  return { type: "array", items, ...(description === undefined ? {} : { description }) };
}

export function ref(component: string): Schema {
  return { $ref: `#/components/schemas/${component}` };
}

export function orNull(schema: Schema): Schema {
  if (schema.$ref !== undefined) return { anyOf: [schema, { type: "null" }] };
  return { ...schema, type: [schema.type ?? [], "null"].flat() as JsonType[] };
}

export const timestamp: Schema = { type: "string", format: "date-time" };
export const whole: Schema = { type: "integer" };
/** Any JSON value. */
export const anything: Schema = {};
