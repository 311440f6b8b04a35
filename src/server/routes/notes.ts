import { unknownRun } from "../../kernel/engine/recovery.ts";
import { BatonError } from "../../kernel/model/errors.ts";
import type { HistoryEntry } from "../../wire/history.ts";
import { findRun } from "../find-run.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { object, ref, text } from "../schema/schema.ts";
import { iso } from "../views/time.ts";

const textMax = 2_000;

export const noteRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/api/runs/{id}/notes",
    id: "noteRun",
    summary: "Adds a note to a run. It appears in the history and in the audit log, and does not change the run.",
    scope: "runs:write",
    body: { schema: object({ text: text(textMax) }), payloadMax: () => 0 },
    answers: { 201: { description: "The note as it appears in the history.", schema: ref("HistoryEntry") } },
    handle: note,
  },
];

async function note({ params, body, services }: Call): Promise<RouteResponse> {
  const { store, actor } = services;
  const { text: given } = body as { text: string };
  const why = given.trim();
  if (why === "") {
    throw new BatonError("invalid-request", "the note is blank", {
      hint: "write a text",
      details: { issues: [{ path: "text", message: "must not be blank" }] },
    });
  }
  const { row } = await findRun(store, params["id"] ?? "");
  const outcome = await store.commit({ kind: "audit", run: row.no, audit: { actor, verb: "note", why } });
  if (!outcome.ok) throw unknownRun(row.id);
  const entry: HistoryEntry = { at: iso(outcome.at), kind: "note", actor, detail: why };
  return { status: 201, body: entry, headers: { location: `/api/runs/${row.id}/events` } };
}
