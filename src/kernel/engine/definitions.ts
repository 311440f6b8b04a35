import { BatonError } from "../model/errors.ts";
import type { DefinitionRef } from "../model/run.ts";
import type { Handler } from "./handler.ts";

/** The definition versions that this process has, and which of them new starts use. */
export class Definitions {
  readonly #handlers = new Map<string, Handler>();
  /** The versions chosen for new starts, by name; null: none may start. */
  readonly #used = new Map<string, number | null>();

  add(handler: Handler): void {
    this.#handlers.set(keyOf(handler.definition), handler);
  }

  remove(definition: DefinitionRef): void {
    this.#handlers.delete(keyOf(definition));
  }

  get all(): readonly Handler[] {
    return [...this.#handlers.values()];
  }

  get(definition: DefinitionRef): Handler | null {
    return this.#handlers.get(keyOf(definition)) ?? null;
  }

  use(name: string, version: number | null): void {
    this.#used.set(name, version);
  }

  /** The version that new starts of a name use; undefined if there is none, or if it takes none. */
  forNewStarts(name: string): Handler | undefined {
    return this.#used.get(name) === null ? undefined : this.chosen(name);
  }

  /** The registered version that new starts of a name use. Throws if there is none. */
  handlerOf(name: string): Handler {
    if (this.#used.get(name) === null) throw drained(name);
    const chosen = this.chosen(name);
    if (chosen !== undefined) return chosen;
    const known = [...new Set(this.all.map((handler) => handler.definition.name))];
    if (known.includes(name)) {
      throw new BatonError(
        "unknown-definition",
        `version ${this.#used.get(name)} of ${name}, the version for new runs, is not loaded here`,
        {
          hint: `find the reason with: baton versions ${name}`,
        },
      );
    }
    throw new BatonError("unknown-definition", `no workflow named ${JSON.stringify(name)}`, {
      hint: known.length === 0 ? "no definitions are loaded" : `loaded: ${known.join(", ")}`,
    });
  }

  /** The newest version if none was chosen. A chosen version that is not registered is not replaced by another. */
  chosen(name: string): Handler | undefined {
    const versions = this.all.filter((handler) => handler.definition.name === name);
    const used = this.#used.get(name);
    if (typeof used === "number") return versions.find((handler) => handler.definition.version === used);
    return versions.toSorted((a, b) => b.definition.version - a.definition.version)[0];
  }
}

function keyOf(definition: DefinitionRef): string {
  return `${definition.kind} ${definition.name} ${definition.version}`;
}

function drained(name: string): BatonError {
  return new BatonError("drained", `${name} cannot be started: all its versions are drained`, {
    hint: `select a version for new runs: baton versions ${name} --use <version>`,
  });
}
