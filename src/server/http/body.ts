import { BatonError } from "../../kernel/model/errors.ts";

/**
 * Reads the text of a request's body. Bytes above the limit are read and discarded, up to a bound: a client that is cut
 * off while sending often sees a broken connection instead of the error response.
 */
export async function readText(request: Request, bytesMax: number): Promise<string> {
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    throw new BatonError("unsupported-media-type", `Content-Encoding ${encoding} is not supported`, {
      hint: "send it without Content-Encoding",
    });
  }
  const chunks = await readWithin(request, bytesMax);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(Buffer.concat(chunks));
  } catch {
    throw new BatonError("malformed-json", "the body is not UTF-8 text", { hint: "send JSON as UTF-8" });
  }
}

async function readWithin(request: Request, bytesMax: number): Promise<Uint8Array[]> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (request.body !== null) {
    for await (const chunk of request.body) {
      bytes += chunk.byteLength;
      if (bytes <= bytesMax && declared <= bytesMax) chunks.push(chunk);
      else {
        chunks.length = 0;
        if (bytes > bytesMax + drainMax) break;
      }
    }
  }
  if (bytes <= bytesMax) return chunks;
  throw new BatonError("limit", `the body has ${Math.max(bytes, declared)} bytes, the limit is ${bytesMax}`, {
    hint: "store large data elsewhere and pass a reference, or raise payloadMax of the workflow",
    details: { limit: bytesMax },
  });
}

/** Twice the largest body that any route accepts. */
const drainMax = 32 * 1024 * 1024;
