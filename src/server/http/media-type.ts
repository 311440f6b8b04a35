import { BatonError } from "../../kernel/model/errors.ts";

/** The media type of a body without parameters, in lower case. Refuses types that are not in `accepted`. */
export function mediaType(request: Request, accepted: readonly string[]): string {
  const header = request.headers.get("content-type") ?? "";
  const [type = "", ...parameters] = header.toLowerCase().split(";");
  const charset = parameters.map((each) => each.trim()).find((each) => each.startsWith("charset="));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (accepted.includes(type.trim()) && isUtf8) return type.trim();
  throw new BatonError(
    "unsupported-media-type",
    header === "" ? "the request has no Content-Type" : `Content-Type ${header.slice(0, 100)} is not supported here`,
    { hint: `send Content-Type: ${accepted.join(" or ")}` },
  );
}
