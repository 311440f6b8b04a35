import type { KnownVersion, WantedVersion } from "../model/version.ts";

/** What a deployment does to one version. */
export interface VersionDecision {
  readonly wanted: WantedVersion;
  readonly number: number;
  /** `new`: a row of its own. `adopted`: the row that the same number had before there were fingerprints. */
  readonly row: "new" | "adopted" | "known";
  /** Whether it serves new starts from now on. */
  readonly isUsed: boolean;
}

/**
 * The numbers that the versions of one name get, in the order of their authors' numbers. The same content keeps its
 * number for ever; new content gets the next one. The last of them serves new starts when somebody asked for that, or
 * when it is not what the folder held before: a restart over unchanged files leaves a person's choice as it is.
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

/** The version of a name that serves new starts: the one used last that is not drained; without any choice the newest. */
export function versionInUse<T extends KnownVersion>(known: readonly T[]): T | undefined {
  return known
    .filter((each) => each.drainedAt === null && each.retiredAt === null)
    .toSorted((a, b) => (b.usedNo ?? 0) - (a.usedNo ?? 0) || b.definition.version - a.definition.version)[0];
}

/** Artifacts of so many versions of a name are kept although no run needs them: somebody may want to go back. */
export const keptVersions = 10;

/** Fingerprints among these versions of one name whose artifacts nobody needs any more. */
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
