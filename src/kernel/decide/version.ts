import type { KnownVersion, WantedVersion } from "../model/version.ts";

/** What a deployment does to one version. */
export interface VersionDecision {
  readonly wanted: WantedVersion;
  readonly number: number;
  /** `new`: gets its own row. `adopted`: takes the row that this number had before fingerprints existed. */
  readonly row: "new" | "adopted" | "known";
  /** Whether new starts use it from now on. */
  readonly isUsed: boolean;
}

/**
 * Assigns numbers to the versions of one name, in the order of their authors' numbers. The same content keeps its
 * number for ever; new content gets the next one. The last of them serves new starts if a person requested it, or if it
 * differs from what the folder held before: a restart with unchanged files keeps a person's choice.
 */
export function decideVersions(
  known: readonly KnownVersion[],
  wanted: readonly WantedVersion[],
  isRequested: boolean,
): readonly VersionDecision[] {
  const ordered = wanted.toSorted((a, b) => a.version - b.version);
  const last = greatestBy(known, (each) => each.deployedNo);
  let newest = Math.max(0, ...known.map((each) => each.definition.version));
  return ordered.map((each, i) => {
    const same = known.find((row) => row.fingerprint === each.fingerprint && row.authorVersion === each.version);
    const adopted = known.find((row) => row.fingerprint === null && row.definition.version === each.version);
    const number = (same ?? adopted)?.definition.version ?? Math.max(each.version, newest + 1);
    newest = Math.max(newest, number);
    return {
      wanted: each,
      number,
      row: same !== undefined ? "known" : adopted !== undefined ? "adopted" : "new",
      isUsed: i === ordered.length - 1 && (isRequested || last === undefined || last !== same),
    };
  });
}

/**
 * The version of a name that new starts use: the last one used that is not drained, or the newest if none was chosen.
 */
export function versionInUse<T extends KnownVersion>(known: readonly T[]): T | undefined {
  return known
    .filter((each) => each.drainedAt === null && each.retiredAt === null)
    .toSorted((a, b) => (b.usedNo ?? 0) - (a.usedNo ?? 0) || b.definition.version - a.definition.version)[0];
}

/**
 * The artifacts of this many versions of a name are kept even if no run needs them, so that a person can go back to
 * one.
 */
export const keptVersions = 10;

/** Fingerprints among these versions of one name whose artifacts are no longer needed. */
export function unneededArtifacts<T extends KnownVersion>(
  known: readonly T[],
  hasRuns: (version: T) => boolean,
): readonly string[] {
  const byAge = known
    .filter((each) => each.fingerprint !== null)
    .toSorted((a, b) => (b.deployedNo ?? 0) - (a.deployedNo ?? 0));
  const used = versionInUse(known);
  return byAge
    .filter((each, i) => each !== used && !hasRuns(each) && (i >= keptVersions || each.retiredAt !== null))
    .map((each) => each.fingerprint ?? "");
}

function greatestBy<T>(items: readonly T[], value: (item: T) => number | null): T | undefined {
  let greatest: T | undefined;
  for (const item of items) {
    const own = value(item);
    if (own !== null && own > ((greatest === undefined ? null : value(greatest)) ?? Number.NEGATIVE_INFINITY))
      greatest = item;
  }
  return greatest;
}
