import { byteLength, encode, UnencodableError } from "../../stdx/json.ts";
import { BatonError } from "../model/errors.ts";
import { looksSealed } from "../model/sealed.ts";

/** JSON text of a value to store. Throws an error that names the path of the problem. `of` names the value's owner. */
export function encodePayload(value: unknown, root: string, bytesMax: number, of = ""): string | null {
  let text: string | null;
  try {
    text = encode(value);
  } catch (error) {
    if (!(error instanceof UnencodableError)) throw error;
    throw new BatonError("unencodable", `${root}${error.path}${of} ${error.problem}`, {
      hint: "use plain JSON values",
      details: { path: `${root}${error.path}` },
    });
  }
  if (looksSealed(text)) {
    throw new BatonError("unencodable", `${root}${of} has a key "$sealed", which is reserved for encrypted values`, {
      hint: "rename the key",
    });
  }
  if (text !== null && byteLength(text, bytesMax) > bytesMax) {
    throw new BatonError("limit", `${root}${of} has ${byteLength(text)} bytes, the limit is ${bytesMax}`, {
      hint: "store large data elsewhere and pass a reference, or raise payloadMax of the workflow",
      details: { bytes: byteLength(text), limit: bytesMax },
    });
  }
  return text;
}
