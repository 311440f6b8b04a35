import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { BatonError } from "../../kernel/model/errors.ts";

/** A secret that deployers and workers share, and the store does not hold. */
export interface DeployKey {
  /** Tells keys apart without giving anything away. */
  readonly id: string;
  readonly secret: string;
  /** The variable that it came by. */
  readonly from: string;
}

/** Half of what SHA-256 can use; whoever makes one at random has more. */
const secretMin = 32;

/**
 * The deploy keys of this process: of `BATON_DEPLOY_KEY`, or of the file that `BATON_DEPLOY_KEY_FILE` names. The first one
 * signs; those after it, apart by commas or lines, are still believed, so that a key can be replaced.
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
