import type { StandardSchemaV1 } from "@standard-schema/spec";
import { BatonError } from "../kernel/model/errors.ts";

/** Any Standard Schema: Zod, Valibot, ArkType and others. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

/** Returns the schema's output for a value. Throws an `invalid-…` error that lists every issue. */
export async function validate<T>(
  schema: Schema<unknown, T>,
  value: unknown,
  root: "input" | "output",
  owner: string,
): Promise<T> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  const places = result.issues.map((issue) => ({ path: pathOf(root, issue.path), message: issue.message }));
  throw new BatonError(
    `invalid-${root}`,
    `${owner}: ${places.map((place) => `${place.path}: ${place.message}`).join("; ")}`,
    {
      hint: `the ${root} must match the schema of ${owner}`,
      details: { issues: places },
    },
  );
}

/** The schema's input as JSON Schema 2020-12; null if it has no such form. */
export function jsonSchemaOf(schema: Schema | null): Readonly<Record<string, unknown>> | null {
  const standard = schema?.["~standard"] as { jsonSchema?: JsonSchemas } | undefined;
  try {
    return standard?.jsonSchema?.input({ target: "draft-2020-12" }) ?? null;
  } catch {
    // Dates and functions, among others, have none.
    return null;
  }
}

/** Standard JSON Schema, which schemas may offer in addition to validation. */
interface JsonSchemas {
  readonly input: (options: { target: "draft-2020-12" }) => Readonly<Record<string, unknown>>;
}

function pathOf(root: string, path: StandardSchemaV1.Issue["path"]): string {
  let text = root;
  for (const part of path ?? []) {
    const key = typeof part === "object" ? part.key : part;
    text += typeof key === "number" ? `[${key}]` : `.${String(key)}`;
  }
  return text;
}
