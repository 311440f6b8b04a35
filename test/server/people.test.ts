import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditEntry } from "../../src/wire/audit.ts";
import type { HistoryEntry } from "../../src/wire/history.ts";
import type { KeyTimeline } from "../../src/wire/key.ts";
import type { Page } from "../../src/wire/page.ts";
import type { Problem } from "../../src/wire/problem.ts";
import type { SavedView } from "../../src/wire/view.ts";
import { setup } from "./setup.ts";

test("a note appears in the history of its run and in the audit", async (t) => {
  const api = await setup(t);
  const run = await api.run("hello", { name: "Ada" });
  const { status, body } = await api.post<HistoryEntry>(`/api/runs/${run.id}/notes`, {
    text: "  called the customer ",
  });
  assert.deepEqual([status, body.kind, body.detail], [201, "note", "called the customer"]);
  const history = await api.get<Page<HistoryEntry>>(`/api/runs/${run.id}/events`);
  const [note] = history.body.items.filter(({ kind }) => kind === "note");
  assert.deepEqual(note, body);
  const audit = await api.get<Page<AuditEntry>>("/api/audit");
  assert.deepEqual(
    [audit.body.items[0]?.verb, audit.body.items[0]?.run, audit.body.items[0]?.why],
    ["note", run.id, "called the customer"],
  );
  assert.equal((await api.post<Problem>(`/api/runs/${run.id}/notes`, { text: "  " })).status, 422);
  assert.equal((await api.post<Problem>(`/api/runs/${run.id}/notes`, { text: "x".repeat(2_001) })).status, 422);
  assert.equal((await api.post<Problem>("/api/runs/run_nobody/notes", { text: "x" })).status, 404);
});

test("pages the audit, newest first", async (t) => {
  const api = await setup(t);
  const run = await api.run("hello", { name: "Ada" });
  for (const text of ["one", "two", "three"]) await api.post(`/api/runs/${run.id}/notes`, { text });
  const first = await api.get<Page<AuditEntry>>("/api/audit?limit=2");
  const second = await api.get<Page<AuditEntry>>(`/api/audit?limit=2&pageToken=${first.body.nextPageToken}`);
  assert.deepEqual(
    [...first.body.items, ...second.body.items].slice(0, 3).map(({ why }) => why),
    ["three", "two", "one"],
  );
});

test("saves a view for all users, replaces it by name, and removes it", async (t) => {
  const api = await setup(t);
  const saved = await api.post<SavedView>("/api/views", { name: "failed", query: "status=failed" });
  assert.deepEqual([saved.status, saved.body.query], [200, "status=failed"]);
  const again = await api.post<SavedView>("/api/views", { name: "failed", query: "status=failed&name=hello" });
  assert.equal(again.body.id, saved.body.id);
  const { body } = await api.get<{ items: SavedView[] }>("/api/views");
  assert.deepEqual(body.items, [again.body]);
  assert.equal((await api.post<SavedView>(`/api/views/${saved.body.id}/remove`, {})).body.name, "failed");
  assert.equal((await api.post<Problem>(`/api/views/${saved.body.id}/remove`, {})).status, 404);
  assert.deepEqual((await api.get<{ items: SavedView[] }>("/api/views")).body.items, []);
});

test("a key has one timeline of all its runs", async (t) => {
  const api = await setup(t);
  const first = await api.run("hello", { name: "Ada" });
  const second = await api.run("hello", { name: "Ada" });
  await api.run("hello", { name: "Bob" });
  await api.post(`/api/runs/${first.id}/notes`, { text: "all is well" });
  const { body } = await api.get<KeyTimeline>("/api/keys/person%3AAda");
  assert.equal(body.key, "person:Ada");
  assert.deepEqual(
    body.entries.map(({ kind, run }) => [kind, run]),
    [
      ["note", first.id],
      ["ended", second.id],
      ["started", second.id],
      ["ended", first.id],
      ["started", first.id],
    ],
  );
  const page = await api.get<KeyTimeline>("/api/keys/person%3AAda?limit=1");
  assert.ok(page.body.entries.every(({ run }) => run === second.id) && page.body.nextPageToken !== null);
  assert.deepEqual((await api.get<KeyTimeline>("/api/keys/nobody")).body.entries, []);
});
