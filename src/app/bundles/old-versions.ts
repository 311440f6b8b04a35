import type { Found, Handler } from "../../kernel/engine/handler.ts";
import type { DefinitionRef } from "../../kernel/model/run.ts";
import type { Artifact, VersionRow } from "../../kernel/model/version.ts";
import type { Logger } from "../../kernel/ports/logger.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Definition } from "../config.ts";
import { hashOf } from "./artifact.ts";
import { lackOf } from "./externals.ts";
import { importArtifact } from "./import-artifact.ts";
import type { Trust } from "./trust.ts";

/** Maximum number of cached old versions. Their modules stay in memory anyway: Node cannot unload a module. */
export const loadedMax = 16;
/** How long a failed lookup is cached, ms: a thousand runs may wait for the same version. */
const lackMs = 5_000;

export interface OldVersionsParts {
  readonly store: Store;
  readonly trust: Trust;
  readonly logger: Logger;
  /** The folder from which artifacts are imported, and the folder from which their external packages are resolved. */
  readonly folder: string;
  readonly base: string;
  readonly toHandler: (definition: Definition) => Promise<Handler>;
}

/**
 * Versions that are no longer in the folder, loaded from the store when a run needs one. The least recently used one is
 * evicted. Loading it again is cheap, because its module is still in memory.
 */
export class OldVersions {
  readonly #parts: OldVersionsParts;
  /** In order of last use. */
  readonly #ready = new Map<string, Handler>();
  readonly #loading = new Map<string, Promise<Found>>();
  readonly #lacks = new Map<string, { readonly lack: string; readonly until: number }>();
  readonly #imported = new Set<string>();

  constructor(parts: OldVersionsParts) {
    this.#parts = parts;
  }

  get ready(): readonly DefinitionRef[] {
    return [...this.#ready.values()].map((handler) => handler.definition);
  }

  /** Caches a version that was current until now: its runs continue with the loaded handler. */
  keep(handler: Handler): void {
    this.#touch(keyOf(handler.definition), handler);
  }

  find(definition: DefinitionRef): Promise<Found> {
    const key = keyOf(definition);
    const handler = this.#ready.get(key);
    if (handler !== undefined) {
      this.#touch(key, handler);
      return Promise.resolve({ handler });
    }
    const lack = this.#lacks.get(key);
    if (lack !== undefined && lack.until > performance.now()) return Promise.resolve({ lack: lack.lack });
    const loading = this.#loading.get(key) ?? this.#find(key, definition).finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  /** Forgets failed lookups: missing versions may be available now. */
  forgetLacks(): void {
    this.#lacks.clear();
  }

  async #find(key: string, ref: DefinitionRef): Promise<Found> {
    const found = await this.load(ref);
    if ("lack" in found) {
      this.#lacks.set(key, { lack: found.lack, until: performance.now() + lackMs });
      return found;
    }
    const handler = await this.#parts.toHandler(found.definition);
    this.#touch(key, handler);
    return { handler };
  }

  /** The code of a version, if it is complete, unchanged and trusted; or why it must not be loaded. */
  async read(
    ref: DefinitionRef,
  ): Promise<{ readonly artifact: Artifact; readonly authorVersion: number } | { readonly lack: string }> {
    const { store, trust, base } = this.#parts;
    const row = await this.#row(ref);
    if (row === undefined || row.fingerprint === null || row.authorVersion === null)
      return { lack: "its code was loaded by an application, or predates stored bundles" };
    const artifact = await store.query("artifact", { hash: row.fingerprint });
    if (artifact === null) return { lack: `its code ${shortOf(row.fingerprint)} is not in the store` };
    const real = hashOf(artifact.body, artifact.externals);
    if (real !== row.fingerprint)
      return { lack: `its stored code was changed: its hash is ${shortOf(real)}, not ${shortOf(row.fingerprint)}` };
    const { authorVersion } = row;
    const claim = { definition: ref, authorVersion, hash: real };
    const objection = (await trust.objection(claim)) ?? lackOf(artifact.externals, base);
    return objection === null ? { artifact, authorVersion } : { lack: objection };
  }

  /**
   * Loads the definition of a version from the store, under the number that the store assigned; or returns why it
   * cannot.
   */
  async load(ref: DefinitionRef): Promise<{ readonly definition: Definition } | { readonly lack: string }> {
    const code = await this.read(ref);
    if ("lack" in code) return code;
    try {
      const definitions = await importArtifact(code.artifact, this.#parts);
      this.#count(code.artifact.hash);
      const own = definitions.find(
        (each) => each.kind === ref.kind && each.name === ref.name && each.version === code.authorVersion,
      );
      return own === undefined
        ? { lack: "its code does not define it" }
        : { definition: { ...own, version: ref.version } };
    } catch (error) {
      return { lack: `its code could not be loaded: ${error instanceof Error ? error.message : String(error)}` };
    }
  }

  async #row(ref: DefinitionRef): Promise<VersionRow | undefined> {
    const rows = await this.#parts.store.query("versions", { name: ref.name });
    return rows.find(({ definition }) => definition.kind === ref.kind && definition.version === ref.version);
  }

  #touch(key: string, handler: Handler): void {
    this.#ready.delete(key);
    this.#ready.set(key, handler);
    const [oldest] = this.#ready.keys();
    if (this.#ready.size > loadedMax && oldest !== undefined) this.#ready.delete(oldest);
  }

  #count(hash: string): void {
    this.#imported.add(hash);
    if (this.#imported.size !== loadedMax + 1) return;
    this.#parts.logger.log("warn", "this process loaded more old versions than it keeps in its cache", {
      loaded: this.#imported.size,
      kept: loadedMax,
      cost: "their modules stay in memory until the process restarts: a few KB each, or MB with large bundled packages",
    });
  }
}

export function shortOf(fingerprint: string): string {
  return fingerprint.slice(0, 12);
}

function keyOf({ kind, name, version }: DefinitionRef): string {
  return `${kind} ${name} ${version}`;
}
