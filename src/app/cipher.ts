import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { BatonError } from "../kernel/model/errors.ts";
import type { Cipher } from "../kernel/ports/cipher.ts";

/** Half of what SHA-256 can use; a randomly generated key is longer. */
const secretMin = 32;

/**
 * Keys for sensitive values: the given ones, or those in `BATON_SENSITIVE_KEY`, or in the file that
 * `BATON_SENSITIVE_KEY_FILE` names, or in the file next to the store that development mode creates. The first key
 * encrypts. Further keys, separated by commas or lines, still decrypt what they encrypted.
 */
export function readSensitiveKeys(
  given: string | readonly string[] | undefined,
  storeFile: string | null = null,
  env: NodeJS.ProcessEnv = process.env,
): readonly string[] {
  const text =
    given === undefined ? (env["BATON_SENSITIVE_KEY"] ?? fileText(env, storeFile)) : [given].flat().join("\n");
  const secrets = text.split(/[\s,]+/).filter((each) => each !== "");
  if (secrets.some((each) => each.length < secretMin)) {
    throw new BatonError("invalid-config", `the key for sensitive values needs at least ${secretMin} characters`, {
      hint: "create one with: openssl rand -hex 32",
    });
  }
  return secrets;
}

/** The file of the development key. It is outside the store: a copy of the store alone cannot be decrypted. */
export function keyFileOf(storeFile: string): string {
  return `${storeFile}.key`;
}

/**
 * Creates a key file next to the store if there is none, readable only by its owner. Returns true if it created one.
 */
export function makeKeyFile(storeFile: string): boolean {
  try {
    writeFileSync(keyFileOf(storeFile), `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function fileText(env: NodeJS.ProcessEnv, storeFile: string | null): string {
  const beside = storeFile !== null && existsSync(keyFileOf(storeFile)) ? keyFileOf(storeFile) : undefined;
  const file = env["BATON_SENSITIVE_KEY_FILE"] ?? beside;
  if (!file) return "";
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new BatonError("invalid-config", `the key file ${file} for sensitive values cannot be read`, {
      hint: "check BATON_SENSITIVE_KEY_FILE and the permissions of the file",
      cause,
    });
  }
}

/** AES-256-GCM with a random 96-bit nonce for each value, as in NIST SP 800-38D. */
export function createCipher(secrets: readonly string[]): Cipher {
  const keys = new Map(secrets.map((secret) => [idOf(secret), keyOf(secret)]));
  const [current] = keys.keys();
  return {
    keyId: current ?? null,
    seal: (text, place) => {
      const key = current === undefined ? undefined : keys.get(current);
      if (key === undefined || current === undefined) {
        throw new BatonError("no-key", "no key for sensitive values is set", {
          hint: "set BATON_SENSITIVE_KEY or BATON_SENSITIVE_KEY_FILE; create a key with: openssl rand -hex 32",
        });
      }
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, iv);
      cipher.setAAD(Buffer.from(place));
      const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return { key: current, iv: iv.toString("base64"), data: data.toString("base64") };
    },
    open: (sealed, place) => {
      const key = keys.get(sealed.key);
      if (key === undefined) {
        throw new BatonError("sealed", `the key ${sealed.key} that encrypted this value is missing`, {
          hint: "add it to BATON_SENSITIVE_KEY after the current key",
          details: { key: sealed.key },
        });
      }
      try {
        const data = Buffer.from(sealed.data, "base64");
        const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(sealed.iv, "base64"));
        decipher.setAAD(Buffer.from(place));
        decipher.setAuthTag(data.subarray(-16));
        return Buffer.concat([decipher.update(data.subarray(0, -16)), decipher.final()]).toString("utf8");
      } catch (cause) {
        throw new BatonError("sealed", `the encrypted value at ${place} cannot be decrypted: it was changed or moved`, {
          hint: "restore a backup: the value cannot be recovered otherwise",
          details: { key: sealed.key },
          cause,
        });
      }
    },
  };
}

function idOf(secret: string): string {
  return createHash("sha256").update(`baton sensitive key ${secret}`).digest("hex").slice(0, 12);
}

function keyOf(secret: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", "baton sensitive values", 32));
}
