import { versionInUse } from "../../kernel/decide/version.ts";
import type { DefinitionRef } from "../../kernel/model/run.ts";
import type { VersionRow } from "../../kernel/model/version.ts";
import type { DefinitionView } from "../../wire/definition.ts";
import type { Services } from "../services.ts";
import { isoOrNull } from "./time.ts";

/** The versions of one workflow or of all: those in the store, and those that only this process has loaded. */
export async function versionViews(services: Services, name: string | null): Promise<readonly DefinitionView[]> {
  const { engine, store } = services;
  const rows = await store.query("versions", { name });
  const views = await Promise.all(rows.map((row) => storedView(services, rows, row)));
  const stored = new Set(rows.map((row) => keyOf(row.definition)));
  const own = engine.handlers
    .filter(({ definition }) => (name === null || definition.name === name) && !stored.has(keyOf(definition)))
    .map(({ definition, triggers }) => unstoredView(definition, triggers, services));
  return [...views, ...own].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : b.version - a.version));
}

async function storedView(
  { engine, versions }: Services,
  rows: readonly VersionRow[],
  row: VersionRow,
): Promise<DefinitionView> {
  const { definition, fingerprint, file } = row;
  const handler = engine.handlers.find((each) => keyOf(each.definition) === keyOf(definition));
  const isReady = versions?.ready.some((each) => keyOf(each) === keyOf(definition)) ?? false;
  const isLoaded = handler !== undefined || isReady;
  const same = rows.filter(
    (each) => each.definition.name === definition.name && each.definition.kind === definition.kind,
  );
  return {
    name: definition.name,
    version: definition.version,
    kind: definition.kind,
    isLoaded,
    triggers: handler?.triggers ?? [],
    fingerprint,
    file,
    createdAt: isoOrNull(row.createdAt),
    isUsed: versionInUse(same) === row,
    isDrained: row.drainedAt !== null,
    isRetired: row.retiredAt !== null,
    unloadable: isLoaded || versions === null ? null : await objection(versions, row),
    runs: row.counts,
  };
}

/** It gets a row with its first run. */
function unstoredView(
  { name, version, kind }: DefinitionRef,
  triggers: readonly string[],
  { engine }: Services,
): DefinitionView {
  const newest = Math.max(
    ...engine.handlers.filter((each) => each.definition.name === name).map((each) => each.definition.version),
  );
  return {
    name,
    version,
    kind,
    triggers,
    isLoaded: true,
    fingerprint: null,
    file: null,
    createdAt: null,
    isUsed: version === newest,
    isDrained: false,
    isRetired: false,
    unloadable: null,
    runs: {},
  };
}

function objection(versions: NonNullable<Services["versions"]>, row: VersionRow): Promise<string | null> {
  return row.fingerprint === null
    ? Promise.resolve("its code was loaded by an application, or predates stored bundles")
    : versions.objection(row);
}

function keyOf({ kind, name, version }: DefinitionRef): string {
  return `${kind} ${name} ${version}`;
}
