import { BatonError } from "../../kernel/model/errors.ts";
import type { RunStatus } from "../../kernel/model/status.ts";
import type { RunFilter } from "../../kernel/ports/queries.ts";
import { runStatuses } from "../../wire/status.ts";
import { type Schema, text, timestamp, whole } from "../schema/schema.ts";

/** Query fields that select runs, the same in all routes. */
export const filterFields = {
  name: text(200, "Name of the workflow."),
  version: { ...whole, description: "Version of the workflow; requires name." } as Schema,
  status: { type: "string", enum: runStatuses } as Schema,
  key: text(512, "Business key."),
  attribute: text(512, "A run attribute as name=value."),
  fingerprint: text(200, "Dead letters with this error fingerprint."),
  from: { ...timestamp, description: "Started at or after this time." } as Schema,
  to: { ...timestamp, description: "Started before this time." } as Schema,
  q: text(200, "Prefix of an id or key, part of a recent key, or words of an error."),
};

export interface FilterQuery {
  readonly name?: string;
  readonly version?: number;
  readonly status?: RunStatus;
  readonly key?: string;
  readonly attribute?: string;
  readonly fingerprint?: string;
  readonly from?: string;
  readonly to?: string;
  readonly q?: string;
}

export function filterOf(query: FilterQuery): Omit<RunFilter, "before" | "limit"> {
  const { name, version, status, key, attribute, fingerprint, from, to, q } = query;
  return {
    ...(name === undefined ? {} : { definition: name }),
    ...(version === undefined ? {} : { version }),
    ...(status === undefined ? {} : { status }),
    ...(key === undefined ? {} : { key }),
    ...(attribute === undefined ? {} : { attribute: attributeOf(attribute) }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(from === undefined ? {} : { createdFrom: Date.parse(from) }),
    ...(to === undefined ? {} : { createdTo: Date.parse(to) }),
    ...(q === undefined ? {} : { text: q }),
  };
}

function attributeOf(given: string): { name: string; value: string } {
  const at = given.indexOf("=");
  if (at > 0) return { name: given.slice(0, at), value: given.slice(at + 1) };
  throw new BatonError("invalid-request", "attribute must be name=value", {
    hint: "for example tier=enterprise",
    details: { issues: [{ path: "attribute", message: "must be name=value" }] },
  });
}
