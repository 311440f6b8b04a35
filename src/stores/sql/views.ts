import { defaults } from "../../kernel/model/limits.ts";
import type { KeepView, RemoveView, ViewOutcome, ViewRow, ViewTransition } from "../../kernel/model/view.ts";
import type { Context } from "./context.ts";
import type { Work } from "./work.ts";

const columns = "id, name, query, created_by as createdBy, created_at as createdAt";

export function changeViews(context: Context, transition: ViewTransition, at: number): Work<ViewOutcome> {
  return transition.kind === "keep-view" ? keepView(context, transition, at) : removeView(context, transition, at);
}

function* keepView({ db }: Context, { id, name, query, actor }: KeepView, at: number): Work<ViewOutcome> {
  const known = yield* db.get<{ id: string }>("select id from saved_views where name = ?", name);
  if (known === undefined) {
    const count = (yield* db.get<{ n: number }>("select count(*) as n from saved_views"))?.n ?? 0;
    if (count >= defaults.viewsMax) return { ok: false, why: "full" };
  }
  yield* db.run(
    `insert into saved_views (id, name, query, created_by, created_at) values (?, ?, ?, ?, ?)
     on conflict (name) do update set query = excluded.query, created_by = excluded.created_by, created_at = excluded.created_at`,
    id,
    name,
    query,
    actor,
    at,
  );
  const [view] = yield* db.all<ViewRow>(`select ${columns} from saved_views where name = ?`, name);
  return { ok: true, at, view: view ?? null };
}

function* removeView({ db }: Context, { id }: RemoveView, at: number): Work<ViewOutcome> {
  const [view] = yield* db.all<ViewRow>(`delete from saved_views where id = ? returning ${columns}`, id);
  return { ok: true, at, view: view ?? null };
}

export function* readViews({ db }: Context): Work<readonly ViewRow[]> {
  return yield* db.all<ViewRow>(`select ${columns} from saved_views order by name limit ${defaults.viewsMax}`);
}
