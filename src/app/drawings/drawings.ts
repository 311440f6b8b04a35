import type { Engine } from "../../kernel/engine/engine.ts";
import { BatonError } from "../../kernel/model/errors.ts";
import type { DefinitionRef } from "../../kernel/model/run.ts";
import { isAtRest, type RunStatus } from "../../kernel/model/status.ts";
import type { VersionRow } from "../../kernel/model/version.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { canonical } from "../../stdx/json.ts";
import type { Graph, VersionDiff } from "../../wire/graph.ts";
import { fixedTotal, type Outline } from "../../workflows/outline/outline.ts";
import { readOutline } from "../../workflows/outline/read.ts";
import { chartOf } from "./chart.ts";
import { changesOf } from "./diff.ts";
import { layoutOf } from "./layout.ts";

/** Maximum number of cached drawings. Each is a pure function of its version's content. */
const keptMax = 200;

type Read = Outline & { readonly input: string | null };

/** Graphs of definition versions and diffs of two versions, read from their source. No definition code is run. */
export class Drawings {
  readonly #store: Store;
  readonly #engine: () => Engine;
  readonly #outlines = new Map<string, Promise<Read | null>>();
  readonly #graphs = new Map<string, Promise<Graph>>();

  constructor(store: Store, engine: () => Engine) {
    this.#store = store;
    this.#engine = engine;
  }

  async graph(name: string, version: number): Promise<Graph> {
    const code = await this.#codeOf(name, version);
    return kept(this.#graphs, code.id, async () => {
      const outline = await this.#outline(code);
      const { isCut, ...chart } = chartOf(name, outline);
      const laid = await layoutOf({ ...chart, isCut });
      const gaps = isCut ? [...outline.gaps, `only the first ${chart.nodes.length - 1} nodes are drawn`] : outline.gaps;
      return { name, version, ...laid, stepTotal: fixedTotal(outline), gaps };
    });
  }

  async diff(name: string, a: number, b: number): Promise<VersionDiff> {
    const [before, after] = [await this.#codeOf(name, a), await this.#codeOf(name, b)];
    const [old, now] = [await this.#outlineOrNull(before), await this.#outlineOrNull(after)];
    const isReadable = old !== null && now !== null;
    return {
      name,
      a,
      b,
      steps: isReadable ? changesOf(old, now) : [],
      isInputChanged: isInputChanged(before, after, old, now),
      source: isReadable ? { a: old.source, b: now.source } : null,
      inFlight: Object.entries(before.row?.counts ?? {}).reduce(
        (sum, [status, count]) => (isAtRest(status as RunStatus) ? sum : sum + count),
        0,
      ),
    };
  }

  async #codeOf(name: string, version: number): Promise<VersionCode> {
    const isIt = (definition: DefinitionRef): boolean => definition.name === name && definition.version === version;
    const row = (await this.#store.query("versions", { name })).find((each) => isIt(each.definition)) ?? null;
    const handler = this.#engine().handlers.find((each) => isIt(each.definition));
    if (row === null && handler === undefined) {
      throw new BatonError("not-found", `no version ${version} of ${JSON.stringify(name)}`, {
        hint: "GET /api/definitions lists all versions",
      });
    }
    const about = handler?.describe?.();
    const run = about?.source ?? null;
    const id = `${name} ${version} ${row?.fingerprint ?? ""} ${run ?? ""}`;
    return { id, name, version, row, run, schema: about?.inputSchema };
  }

  async #outline(code: VersionCode): Promise<Read> {
    const outline = await this.#outlineOrNull(code);
    if (outline !== null) return outline;
    throw new BatonError("not-found", `the source of ${code.name} version ${code.version} is unavailable here`, {
      hint: "source is stored only for versions deployed from a folder: baton deploy",
    });
  }

  #outlineOrNull(code: VersionCode): Promise<Read | null> {
    return kept(this.#outlines, code.id, () => this.#read(code));
  }

  async #read({ name, row, run }: VersionCode): Promise<Read | null> {
    const artifact = row?.fingerprint == null ? null : await this.#store.query("artifact", { hash: row.fingerprint });
    if (artifact === null && run === null) return null;
    // Loaded when the first graph is requested.
    const { parseSync } = await import("oxc-parser");
    const parse = (text: string, language: "ts" | "js"): unknown => {
      const { program, errors } = parseSync(`definition.${language}`, text, { lang: language });
      if (errors.length > 0) throw new SyntaxError(errors[0]?.message);
      return program;
    };
    const outline = readOutline(
      { name, authorVersion: row?.authorVersion ?? null, run, module: artifact?.body ?? null },
      parse,
    );
    // A slice of a string keeps the whole string in memory; a copy does not.
    return JSON.parse(JSON.stringify(outline)) as Read | null;
  }
}

interface VersionCode {
  /** Equal for equal content. */
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly row: VersionRow | null;
  readonly run: string | null;
  /** Undefined if unknown. */
  readonly schema: Readonly<Record<string, unknown>> | null | undefined;
}

/** Compares the schemas if both are loaded, otherwise their source text. */
function isInputChanged(a: VersionCode, b: VersionCode, old: Read | null, now: Read | null): boolean {
  if (a.schema != null && b.schema != null) return canonical(a.schema) !== canonical(b.schema);
  return old !== null && now !== null && old.input !== now.input;
}

/** Returns the cached value of a key, or makes and caches it. The oldest is evicted; failures are not cached. */
function kept<T>(made: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = made.get(key);
  if (known !== undefined) return known;
  const making = make();
  made.set(key, making);
  making.catch(() => made.delete(key));
  const [oldest] = made.keys();
  if (made.size > keptMax && oldest !== undefined) made.delete(oldest);
  return making;
}
