import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { versionInUse } from "../../kernel/decide/version.ts";
import type { Engine } from "../../kernel/engine/engine.ts";
import type { Found, Handler } from "../../kernel/engine/handler.ts";
import { type Moved, type MoveRequest, moveRuns } from "../../kernel/engine/rehearsals.ts";
import type { Audit } from "../../kernel/model/audit.ts";
import { BatonError } from "../../kernel/model/errors.ts";
import type { DefinitionRef } from "../../kernel/model/run.ts";
import type { DeployedVersion, SetVersion, VersionRow } from "../../kernel/model/version.ts";
import type { Clock } from "../../kernel/ports/clock.ts";
import type { Logger } from "../../kernel/ports/logger.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { workflowHandler } from "../../workflows/handler.ts";
import type { Definition } from "../config.ts";
import { within } from "../current-run.ts";
import { type EffectiveConfig, localStorePath } from "../load-config.ts";
import type { DefinitionSet } from "../load-definitions.ts";
import type { SentDefinition } from "../lone/messages.ts";
import { readDeployKeys } from "./deploy-keys.ts";
import { LocalList } from "./local-list.ts";
import { OldVersions } from "./old-versions.ts";
import { type Claim, Trust } from "./trust.ts";

export interface VersionsParts {
  readonly store: Store;
  readonly set: DefinitionSet;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly actor: string;
}

/** The folder next to the store with artifacts as files, since only files can be imported. */
export function versionsFolder(config: EffectiveConfig): string {
  return `${localStorePath(config)}.versions`;
}

/** What new starts use: the folder's definitions under their numbers, and the version in use by name. */
export interface Current {
  readonly definitions: readonly Definition[];
  readonly used: ReadonlyMap<string, number | null>;
}

/**
 * Versions in this process: stores the folder's definitions under version numbers, and loads the versions that runs
 * need.
 */
export class Versions {
  readonly #parts: VersionsParts;
  readonly #trust: Trust;
  readonly #old: OldVersions;
  /** The engine may look up a version before its opener has called `attach`. */
  readonly #engine = Promise.withResolvers<Engine>();
  /** Versions deployed when this process opened. A deployment requested right after that reports them as new. */
  #fresh: readonly DeployedVersion[] = [];
  #lastTurn: Promise<unknown> = Promise.resolve();

  constructor(parts: VersionsParts) {
    const { store, set, logger } = parts;
    const { folder, base } = set.place;
    this.#parts = parts;
    this.#trust = new Trust(store, readDeployKeys(), new LocalList(join(folder, "made-here")));
    this.#old = new OldVersions({
      store,
      logger,
      folder,
      base,
      trust: this.#trust,
      toHandler: async (definition) => workflowHandler(definition, await this.#engine.promise),
    });
  }

  /** Keeps this engine up to date with deployments from now on. */
  attach(engine: Engine): void {
    this.#engine.resolve(engine);
  }

  find(definition: DefinitionRef): Promise<Found> {
    return this.#old.find(definition);
  }

  /** The verified code of a version, for a process that evaluates events alone. */
  async codeOf(definition: DefinitionRef): Promise<SentDefinition | { readonly lack: string }> {
    const code = await this.#old.read(definition);
    return "lack" in code ? code : { definition, ...code };
  }

  /** Versions that are loaded in addition to those in the folder. */
  get ready(): readonly DefinitionRef[] {
    return this.#old.ready;
  }

  /**
   * Stores the folder's definitions, assigns version numbers and allows loading them. `isRequested`: a person wants
   * them for new starts.
   */
  async deploy(isRequested: boolean): Promise<readonly DeployedVersion[]> {
    const { store, set, actor } = this.#parts;
    const { versions } = set.loaded;
    if (versions.length === 0) return [];
    const before = await store.query("versions", { name: null });
    const stored = new Set(before.filter((each) => each.hasArtifact).map((each) => each.fingerprint));
    const artifacts = new Map(versions.map(({ artifact }) => [artifact.hash, artifact]));
    const outcome = await store.commit({
      kind: "deploy",
      isRequested,
      actor,
      artifacts: [...artifacts.values()].filter(({ hash }) => !stored.has(hash)),
      definitions: versions.map(({ definition: { kind, name, version }, artifact, file }) => ({
        kind,
        name,
        version,
        fingerprint: artifact.hash,
        file,
      })),
    });
    if (!outcome.ok) throw new BatonError("conflict", "the versions could not be stored", { hint: "try again" });
    await this.#trust.admit(outcome.versions.map(claimOf), before.flatMap(knownClaim));
    this.#old.forgetLacks();
    return outcome.versions;
  }

  /** The definitions that the engine needs after a deployment or a version change. */
  async current(): Promise<Current> {
    const { store, set } = this.#parts;
    const rows = await store.query("versions", { name: null });
    const definitions: Definition[] = [];
    const used = new Map<string, number | null>();
    for (const { definition, artifact } of set.loaded.versions) {
      const row = rows.find((each) => isOf(each, definition, artifact.hash));
      if (row !== undefined) definitions.push({ ...definition, version: row.definition.version });
    }
    for (const { kind, name } of [...definitions]) {
      if (used.has(name)) continue;
      const inUse = versionInUse(rows.filter((each) => each.definition.name === name && each.definition.kind === kind));
      used.set(name, inUse?.definition.version ?? null);
      if (inUse === undefined || definitions.some((each) => isSame(each, inUse.definition))) continue;
      const found = await this.#old.load(inUse.definition);
      if ("definition" in found) definitions.push(found.definition);
      else
        this.#parts.logger.log(
          "error",
          `${name} version ${inUse.definition.version}, the version for new runs, is unavailable`,
          { why: found.lack },
        );
    }
    return { definitions, used };
  }

  /**
   * Updates the engine to the current versions. New ones are registered first, so that a start always finds its
   * version. Previous ones stay cached for the runs that use them.
   */
  async #apply(): Promise<void> {
    const engine = await this.#engine.promise;
    const { definitions, used } = await this.current();
    for (const definition of definitions) {
      if (engine.handlers.some((handler) => isSame(definition, handler.definition))) continue;
      engine.register(await this.#handlerOf(definition, engine));
    }
    for (const [name, version] of used) engine.use(name, version);
    for (const handler of engine.handlers) {
      if (definitions.some((each) => isSame(each, handler.definition))) continue;
      this.#old.keep(handler);
      engine.unregister(handler.definition);
    }
  }

  /** A handler that is already loaded is reused. */
  async #handlerOf(definition: Definition, engine: Engine): Promise<Handler> {
    if (!this.#old.ready.some((each) => isSame(each, definition))) return workflowHandler(definition, engine);
    const found = await this.#old.find(definition);
    return "handler" in found ? found.handler : workflowHandler(definition, engine);
  }

  /** Called first by each process. Unchanged files change nothing. */
  async open(): Promise<void> {
    this.#fresh = (await this.deploy(false)).filter((each) => each.isNew);
    await this.#removeLeftFiles();
  }

  /** Reloads changed files and deploys their new versions. */
  follow(paths: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#parts.set.reload(paths);
      await this.deploy(false);
      await this.#apply();
    });
  }

  /** Makes the current content of the folder the versions for new starts. */
  deployNow(): Promise<readonly DeployedVersion[]> {
    return this.#inTurn(async () => {
      await this.#parts.set.reload(null);
      const deployed = await this.deploy(true);
      await this.#apply();
      const fresh = this.#fresh;
      this.#fresh = [];
      return deployed.map((each) => ({
        ...each,
        isNew: each.isNew || fresh.some((own) => isSame(own.definition, each.definition)),
      }));
    });
  }

  change(definition: DefinitionRef, to: SetVersion["to"], audit: Audit): Promise<void> {
    return this.#inTurn(async () => {
      if (to === "used") {
        const found = await (await this.#engine.promise).find(definition);
        if ("lack" in found) throw unloadable(definition, found.lack);
      }
      const outcome = await this.#parts.store.commit({ kind: "set-version", definition, to, audit });
      if (!outcome.ok) throw unloadable(definition, "the store does not have it");
      await this.#apply();
    });
  }

  /** Runs one change at a time: a watcher and a person may request changes at once. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(work);
    this.#lastTurn = turn.catch(() => {});
    return turn;
  }

  async *move(request: MoveRequest): AsyncGenerator<Moved> {
    const { clock } = this.#parts;
    const engine = await this.#engine.promise;
    yield* moveRuns(engine, request, {
      clock,
      cipher: engine.cipher,
      within: (run, step, attempt, work) => within({ run, step, attempt }, work),
    });
  }

  /** Why this process could not load the version, or null. */
  async objection(row: VersionRow): Promise<string | null> {
    const [claim] = knownClaim(row);
    if (claim === undefined) return null;
    return row.hasArtifact ? this.#trust.objection(claim) : "its code is no longer stored";
  }

  /** Removes files of artifacts that are no longer in the store. */
  async #removeLeftFiles(): Promise<void> {
    const { store, set } = this.#parts;
    const rows = await store.query("versions", { name: null });
    const kept = new Set(rows.filter((each) => each.hasArtifact).map((each) => `${each.fingerprint}.mjs`));
    for (const file of filesIn(set.place.folder)) {
      if (/^[0-9a-f]{64}\.mjs/.test(file) && !kept.has(file)) rmSync(join(set.place.folder, file), { force: true });
    }
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function claimOf({ definition, authorVersion, fingerprint }: DeployedVersion): Claim {
  return { definition, authorVersion, hash: fingerprint };
}

function knownClaim({ definition, authorVersion, fingerprint }: VersionRow): readonly Claim[] {
  return authorVersion === null || fingerprint === null ? [] : [{ definition, authorVersion, hash: fingerprint }];
}

function isOf(row: VersionRow, { kind, name, version }: Definition, hash: string): boolean {
  return (
    row.definition.kind === kind &&
    row.definition.name === name &&
    row.authorVersion === version &&
    row.fingerprint === hash
  );
}

function isSame(a: DefinitionRef, b: DefinitionRef): boolean {
  return a.kind === b.kind && a.name === b.name && a.version === b.version;
}

function unloadable({ name, version }: DefinitionRef, why: string): BatonError {
  return new BatonError("unknown-definition", `${name} version ${version} cannot be used: ${why}`, {
    hint: `list the versions with: baton versions ${name}`,
  });
}
