import { BatonError } from "../kernel/model/errors.ts";

export function unknownDefinition(name: string): BatonError {
  return new BatonError("unknown-definition", `no workflow named ${JSON.stringify(name.slice(0, 200))}`, {
    hint: "GET /api/definitions lists all workflows",
  });
}
