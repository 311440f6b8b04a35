import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KnownVersion } from "../model/version.ts";
import { decideVersions, keptVersions, unneededArtifacts, versionInUse } from "./version.ts";

function known(version: number, fields: Partial<KnownVersion> = {}): KnownVersion {
  return {
    definition: { kind: "workflow", name: "pay", version },
    fingerprint: `f${version}`,
    authorVersion: 1,
    file: "pay.ts",
    createdAt: 1,
    deployedNo: version,
    usedNo: version,
    drainedAt: null,
    retiredAt: null,
    ...fields,
  };
}

function decide(rows: readonly KnownVersion[], fingerprint: string, version = 1, isRequested = false): string {
  const wanted = { kind: "workflow", name: "pay", version, fingerprint, file: "pay.ts" } as const;
  const [decision] = decideVersions(rows, [wanted], isRequested);
  return `${decision?.number} ${decision?.row}${decision?.isUsed ? " used" : ""}`;
}

describe("version numbers", () => {
  it("new content gets the next number, at least its author's", () => {
    assert.equal(decide([], "fa"), "1 new used");
    assert.equal(decide([], "fa", 7), "7 new used");
    assert.equal(decide([known(1), known(4)], "fa", 2), "5 new used");
    assert.equal(decide([known(1)], "fa", 9), "9 new used");
  });

  it("the same content keeps its number, and serves new starts again if the folder changed in between", () => {
    assert.equal(decide([known(1), known(2)], "f1"), "1 known used");
    assert.equal(decide([known(1, { deployedNo: 3 }), known(2)], "f1"), "1 known");
  });

  it("an unchanged folder keeps a person's choice; a requested deployment replaces it", () => {
    const rows = [known(1, { usedNo: 9 }), known(2)];
    assert.equal(decide(rows, "f2"), "2 known");
    assert.equal(decide(rows, "f2", 1, true), "2 known used");
  });

  it("a version keeps the number that it had before fingerprints existed", () => {
    const bare = known(1, { fingerprint: null, deployedNo: null, usedNo: null });
    assert.equal(decide([bare], "fa"), "1 adopted used");
    assert.equal(decide([bare], "fa", 2), "2 new used");
  });

  it("of two versions in a folder, the one with the higher author's number serves new starts", () => {
    const wanted = (version: number): Parameters<typeof decideVersions>[1][number] => ({
      kind: "workflow",
      name: "pay",
      version,
      fingerprint: `n${version}`,
      file: "pay.ts",
    });
    const decisions = decideVersions([], [wanted(2), wanted(1)], false);
    assert.deepEqual(
      decisions.map(({ number, isUsed }) => [number, isUsed]),
      [
        [1, false],
        [2, true],
      ],
    );
  });

  it("the version used last serves new starts, drained ones do not, and the newest does if none was chosen", () => {
    assert.equal(versionInUse([known(1, { usedNo: 8 }), known(2)])?.definition.version, 1);
    assert.equal(versionInUse([known(1, { usedNo: 8, drainedAt: 5 }), known(2)])?.definition.version, 2);
    assert.equal(versionInUse([known(1, { usedNo: null }), known(2, { usedNo: null })])?.definition.version, 2);
    assert.equal(versionInUse([known(1, { drainedAt: 5 })]), undefined);
  });
});

describe("unneeded artifacts", () => {
  const many = Array.from({ length: keptVersions + 3 }, (_, i) => known(i + 1));

  it("are those beyond the kept versions", () => {
    assert.deepEqual(
      unneededArtifacts(many, () => false),
      ["f3", "f2", "f1"],
    );
  });

  it("never include those of a version with runs or of the version in use", () => {
    assert.deepEqual(
      unneededArtifacts(many, (each) => each.definition.version === 2),
      ["f3", "f1"],
    );
    const rolledBack = many.map((each) => (each.definition.version === 1 ? { ...each, usedNo: 99 } : each));
    assert.deepEqual(
      unneededArtifacts(rolledBack, () => false),
      ["f3", "f2"],
    );
  });

  it("include those of retired versions", () => {
    assert.deepEqual(
      unneededArtifacts([known(1, { retiredAt: 4, drainedAt: 3 }), known(2)], () => false),
      ["f1"],
    );
  });
});
