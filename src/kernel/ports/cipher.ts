import { BatonError } from "../model/errors.ts";

const keyHint = "set BATON_SENSITIVE_KEY or BATON_SENSITIVE_KEY_FILE; create one with: openssl rand -hex 32";

/**
 * Encrypts sensitive values at rest. `place` names run, step and field, and is bound to the ciphertext: one that is
 * moved elsewhere does not open. Throws a `BatonError` with code `sealed` when it cannot open what it is given, and
 * `no-key` when there is nothing to seal with.
 */
export interface Cipher {
  /** Of the key that seals now; null without one. */
  readonly keyId: string | null;
  seal(text: string, place: string): Sealed;
  open(sealed: Sealed, place: string): string;
}

/** Without a key nothing sensitive is kept, and nothing that was sealed opens. */
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
