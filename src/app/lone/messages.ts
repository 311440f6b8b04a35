import type { Evaluated } from "../../kernel/engine/routing.ts";
import type { DefinitionRef } from "../../kernel/model/run.ts";
import type { Artifact } from "../../kernel/model/version.ts";

/** A definition with its code, verified by the sender. */
export interface SentDefinition {
  readonly definition: DefinitionRef;
  /** The version that its author set, which is the one in the code. */
  readonly authorVersion: number;
  readonly artifact: Artifact;
}

/** To the process that evaluates events. */
export type Request =
  | {
      readonly kind: "load";
      readonly definitions: readonly SentDefinition[];
      readonly folder: string;
      readonly base: string;
    }
  | { readonly kind: "evaluate"; readonly definitions: readonly DefinitionRef[]; readonly data: string | null };

/** Its answers, in the order of the requests. */
export type Response =
  | { readonly kind: "loaded" }
  | { readonly kind: "not-loaded"; readonly why: string }
  | { readonly kind: "evaluated"; readonly all: readonly Evaluated[] };
