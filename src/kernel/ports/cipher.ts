import { BatonError } from "../model/errors.ts";

const keyHint = "set BATON_SENSITIVE_KEY or BATON_SENSITIVE_KEY_FILE; create one with: openssl rand -hex 32";

/**
 * Encrypts sensitive values at rest. `place` names run, step and field, and is bound to the ciphertext: a ciphertext
 * moved elsewhere does not open. Throws a `BatonError` with code `sealed` if a value cannot be opened, and `no-key` if
 * there is no key to seal with.
 */
export interface Cipher {
  /** The id of the key that seals now; null without one. */
  readonly keyId: string | null;
  seal(text: string, place: string): Sealed;
  open(sealed: Sealed, place: string): string;
}

/** Used without a key: it can neither seal nor open values. */
export const noCipher: Cipher = {
  keyId: null,
  seal: () => {
    throw new BatonError("no-key", "no key for sensitive values is set", { hint: keyHint });
  },
  open: (sealed) => {
    throw new BatonError("sealed", `the key ${sealed.key} that encrypted this value is missing`, { hint: keyHint });
  },
};

/** A ciphertext; bytes are base64. */
export interface Sealed {
  readonly key: string;
  readonly iv: string;
  readonly data: string;
}
