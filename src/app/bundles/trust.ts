import type { DefinitionRef } from "../../kernel/model/run.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { type DeployKey, isSignedBy, signatureOf } from "./deploy-keys.ts";
import type { LocalList } from "./local-list.ts";

/** States that a version has exactly this artifact. */
export interface Claim {
  readonly definition: DefinitionRef;
  readonly authorVersion: number;
  readonly hash: string;
}

/**
 * Decides which code may be loaded. With a deploy key: artifacts in lists signed with that key. Without one: artifacts
 * bundled on this machine. Both bind the version to the hash, so that an artifact of one version cannot be used for
 * another.
 */
export class Trust {
  readonly #store: Store;
  readonly #keys: readonly DeployKey[];
  readonly #local: LocalList;
  /** Lines of the lists whose signature was checked, by signature. */
  readonly #checked = new Map<string, readonly string[]>();

  constructor(store: Store, keys: readonly DeployKey[], local: LocalList) {
    this.#store = store;
    this.#keys = keys;
    this.#local = local;
  }

  /** Why the version's artifact must not be loaded, or null. */
  async objection(claim: Claim): Promise<string | null> {
    if (this.#keys.length === 0) {
      if (this.#local.has(lineOf(claim))) return null;
      return "its code was not built on this machine, and loading other code needs a deploy key (BATON_DEPLOY_KEY)";
    }
    if ((await this.#signed()).has(lineOf(claim))) return null;
    return "no list signed with the deploy key contains its code";
  }

  /** Allows loading artifacts bundled here. `known` are all claims that the store still has. */
  async admit(claims: readonly Claim[], known: readonly Claim[]): Promise<void> {
    const lines = claims.map(lineOf);
    const knownLines = new Set([...known, ...claims].map(lineOf));
    this.#local.add(lines, (line) => knownLines.has(line));
    const [key] = this.#keys;
    if (key === undefined) return;
    const signed = await this.#signed();
    // Includes what this machine bundled before it had the key.
    const unsigned = this.#local.lines.filter((line) => !signed.has(line)).sort();
    if (unsigned.length === 0) return;
    const body = JSON.stringify({ versions: unsigned });
    await this.#store.commit({ kind: "sign", keyId: key.id, body, signature: signatureOf(key, body) });
  }

  async #signed(): Promise<ReadonlySet<string>> {
    const lines = new Set<string>();
    for (const manifest of await this.#store.query("manifests", { keyIds: this.#keys.map((key) => key.id) })) {
      for (const line of this.#linesOf(manifest)) lines.add(line);
    }
    return lines;
  }

  #linesOf({ keyId, body, signature }: { keyId: string; body: string; signature: string }): readonly string[] {
    const mark = `${signature} ${body}`;
    const known = this.#checked.get(mark);
    if (known !== undefined) return known;
    const key = this.#keys.find((each) => each.id === keyId);
    const isGood = key !== undefined && isSignedBy(key, body, signature);
    const lines = isGood ? (JSON.parse(body) as { versions: readonly string[] }).versions : [];
    this.#checked.set(mark, lines);
    return lines;
  }
}

function lineOf({ definition: { kind, name, version }, authorVersion, hash }: Claim): string {
  return JSON.stringify([kind, name, version, authorVersion, hash]);
}
