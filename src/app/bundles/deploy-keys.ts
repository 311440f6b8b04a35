import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { BatonError } from "../../kernel/model/errors.ts";

/** A secret that deployers and workers share and that is not in the store. */
export interface DeployKey {
  /** Identifies the key without revealing it. */
  readonly id: string;
  readonly secret: string;
  /** The environment variable that it came from. */
  readonly from: string;
}

/** Half of what SHA-256 can use; a randomly generated key is longer. */
const secretMin = 32;

/**
 * The deploy keys of this process, from `BATON_DEPLOY_KEY` or the file that `BATON_DEPLOY_KEY_FILE` names. The first
 * key signs. Further keys, separated by commas or lines, are still accepted, so that a key can be replaced.
 */
export function readDeployKeys(env: NodeJS.ProcessEnv = process.env): readonly DeployKey[] {
  const own = env["BATON_DEPLOY_KEY"];
  const file = env["BATON_DEPLOY_KEY_FILE"];
  const from = own ? "BATON_DEPLOY_KEY" : "BATON_DEPLOY_KEY_FILE";
  const text = own || (file ? readKeyFile(file) : "");
  const secrets = text.split(/[\s,]+/).filter((each) => each !== "");
  if (secrets.some((each) => each.length < secretMin)) {
    throw new BatonError("invalid-config", `a deploy key needs at least ${secretMin} characters`, {
      hint: "create one with: openssl rand -hex 32",
    });
  }
  return secrets.map((secret) => ({ id: idOf(secret), secret, from }));
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new BatonError("invalid-config", `the deploy key file ${file} cannot be read`, {
      hint: "check BATON_DEPLOY_KEY_FILE and the permissions of the file",
      cause,
    });
  }
}

function idOf(secret: string): string {
  return createHash("sha256").update(`baton deploy key ${secret}`).digest("hex").slice(0, 16);
}

export function signatureOf({ secret }: DeployKey, body: string): string {
  return createHmac("sha256", secret).update(body).digest("hex");
}

export function isSignedBy(key: DeployKey, body: string, signature: string): boolean {
  const [own, given] = [Buffer.from(signatureOf(key, body)), Buffer.from(signature)];
  return own.length === given.length && timingSafeEqual(own, given);
}
