import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { readPages } from "../../src/server/pages.ts";
import { setup } from "./setup.ts";

test("serves pages with content type, ETag and a policy that allows no other origin", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "baton-pages-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>Baton</title>");
  writeFileSync(join(folder, "app-AbCd1234.js"), "export {};");
  writeFileSync(join(folder, "app-AbCd1234.js.gz"), gzipSync("export {};"));
  const pages = readPages(folder);
  assert.ok(pages !== null);
  const ask = (path: string, headers: Record<string, string> = {}, method = "GET"): Response =>
    pages.answer(new Request(`http://127.0.0.1${path}`, { headers, method }));

  const script = ask("/app-AbCd1234.js", { "accept-encoding": "gzip, br" });
  assert.equal(script.headers.get("content-type"), "text/javascript; charset=utf-8");
  assert.equal(script.headers.get("content-encoding"), "gzip");
  assert.match(script.headers.get("cache-control") ?? "", /immutable/);

  const page = ask("/runs/run_1");
  assert.match(await page.text(), /<title>Baton/);
  assert.equal(page.headers.get("cache-control"), "no-cache");
  const policy = page.headers.get("content-security-policy") ?? "";
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);

  const again = ask("/", { "if-none-match": page.headers.get("etag") ?? "" });
  assert.deepEqual([again.status, await again.text()], [304, ""]);
  assert.equal(await ask("/", {}, "HEAD").text(), "");
  for (const path of ["/../package.json", "/%2e%2e/package.json", "/app-AbCd1234.js.gz/.."])
    assert.match(await ask(path).text(), /<title>Baton/, path);
  assert.equal(readPages(join(folder, "nowhere")), null);
});

test("the API keeps its own responses next to the pages, and refuses other hosts", async (t) => {
  const api = await setup(t);
  const { status, body } = await api.get<{ code: string }>("/api/nothing");
  assert.deepEqual([status, body.code], [404, "unknown-route"]);
  const { port } = new URL(api.url);
  const refused = await new Promise<number>((done, fail) => {
    request({ port, host: "127.0.0.1", path: "/", headers: { host: "evil.example" } }, (response) => {
      response.resume();
      done(response.statusCode ?? 0);
    })
      .on("error", fail)
      .end();
  });
  assert.equal(refused, 403);
});
