import { byteLength, encode, UnencodableError } from "../../stdx/json.ts";
import { BatonError } from "../model/errors.ts";
import { looksSealed } from "../model/sealed.ts";

/** JSON text of something that came from outside; refused with the path of the place. */
export function encodePayload(value: unknown, root: string, bytesMax: number): string | null {
  let text: string | null;
  try {
    text = encode(value);
  } catch (error) {
    if (!(error instanceof UnencodableError)) throw error;
    throw new BatonError("unencodable", `${root}${error.path} ${error.problem}`, {
      hint: "pass plain JSON values",
      details: { path: `${root}${error.path}` },
    });
  }
  if (looksSealed(text)) {
    throw new BatonError("unencodable", `${root} has a key "$sealed": so Baton marks what it has sealed itself`, {
      hint: "give it another name",
    });
  }
  if (text !== null && byteLength(text, bytesMax) > bytesMax) {
    throw new BatonError("limit", `${root} has ${byteLength(text)} bytes, the limit is ${bytesMax}`, {
      hint: "keep large data elsewhere and pass a reference, or raise payloadMax of the workflow",
      details: { bytes: byteLength(text), limit: bytesMax },
    });
  }
  return text;
}
