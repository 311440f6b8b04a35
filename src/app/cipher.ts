import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { BatonError } from "../kernel/model/errors.ts";
import type { Cipher } from "../kernel/ports/cipher.ts";

/** Half of what SHA-256 can use; whoever makes one at random has more. */
const secretMin = 32;

/**
 * The keys of sensitive values: those given, or of `BATON_SENSITIVE_KEY`, or of the file that `BATON_SENSITIVE_KEY_FILE`
 * names, or of the one beside the store that development makes. The first one seals; those after it, apart by commas or lines, still open what they have sealed.
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

/** Where development keeps its key: whoever copies the store alone cannot open what is sealed in it. */
export function keyFileOf(storeFile: string): string {
  return `${storeFile}.key`;
}

/** Makes a key beside the store when there is none, for its owner's eyes only. True: it was made now. */
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

/** AES-256-GCM with a random nonce of 96 bits for each value, as NIST SP 800-38D has it. */
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
