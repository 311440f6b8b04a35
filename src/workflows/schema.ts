import type { StandardSchemaV1 } from "@standard-schema/spec";
import { BatonError } from "../kernel/model/errors.ts";

/** Any Standard Schema: Zod, Valibot, ArkType and others. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

/** The value as the schema gives it back; throws an `invalid-…` error that names every place. */
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

function pathOf(root: string, path: StandardSchemaV1.Issue["path"]): string {
  let text = root;
  for (const part of path ?? []) {
    const key = typeof part === "object" ? part.key : part;
    text += typeof key === "number" ? `[${key}]` : `.${String(key)}`;
  }
  return text;
}
