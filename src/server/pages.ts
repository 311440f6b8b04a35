import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join, sep } from "node:path";

/** The console's files: read once, compressed in advance, and never from outside their folder. */
export interface Pages {
  /** The response to a GET or HEAD of a path that is not an API route. */
  answer(request: Request): Response;
}

interface File {
  readonly type: string;
  readonly etag: string;
  readonly isHashed: boolean;
  readonly plain: Buffer;
  readonly encoded: Readonly<Partial<Record<"br" | "gzip", Buffer>>>;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

/** No other origins, no inline scripts, no inline styles: the build needs none of them. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Null if no console was built. */
export function readPages(folder: string): Pages | null {
  const index = join(folder, "index.html");
  if (!existsSync(index)) return null;
  const files = new Map<string, File>();
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const type = types[extname(name)];
    if (type !== undefined && statSync(join(folder, name)).isFile())
      files.set(`/${name.split(sep).join("/")}`, readFile(join(folder, name), type));
  }
  const page = readFile(index, types[".html"] ?? "");
  return { answer: (request) => answer(request, files.get(new URL(request.url).pathname) ?? page) };
}

function readFile(path: string, type: string): File {
  const plain = readFileSync(path);
  const encoded = Object.fromEntries(
    (
      [
        ["br", ".br"],
        ["gzip", ".gz"],
      ] as const
    ).flatMap(([name, end]) => (existsSync(path + end) ? [[name, readFileSync(path + end)]] : [])),
  );
  const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
  return { type, etag, isHashed: /-[\w-]{8}\.\w+$/.test(path), plain, encoded };
}

/** An unknown path is a page of the console, which does its own routing. */
function answer(request: Request, file: File): Response {
  const accepted = request.headers.get("accept-encoding") ?? "";
  const encoding = (["br", "gzip"] as const).find(
    (name) => accepted.includes(name) && file.encoded[name] !== undefined,
  );
  const headers: Record<string, string> = {
    "content-type": file.type,
    "content-security-policy": policy,
    // A file with a hash in its name never changes. The page that refers to it is revalidated each time.
    "cache-control": file.isHashed ? "public, max-age=31536000, immutable" : "no-cache",
    etag: file.etag,
    vary: "accept-encoding",
    ...(encoding === undefined ? {} : { "content-encoding": encoding }),
  };
  if (request.headers.get("if-none-match") === file.etag) return new Response(null, { status: 304, headers });
  const body = encoding === undefined ? file.plain : (file.encoded[encoding] ?? file.plain);
  return new Response(request.method === "HEAD" ? null : new Uint8Array(body), { headers });
}
