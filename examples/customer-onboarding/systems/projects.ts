/** The project tool: one project per deal. */
import { z } from "zod";
import { parseBody, performOnce, requireQuery, runService } from "./service.ts";

const NewProject = z.object({ dealId: z.string().min(1), company: z.string().min(1) });

await runService({
  tables: `
    create table if not exists projects (
      id integer primary key, deal_id text not null, name text not null
    ) strict;
    create index if not exists projects_deal on projects (deal_id);
  `,
  routes: (ledger) => [
    {
      method: "POST",
      path: "/projects",
      handle: (call) => {
        const { dealId, company } = parseBody(NewProject, call);
        const name = `Onboarding ${company}`;
        return performOnce(ledger, call, { operation: "create project", request: { dealId, company } }, (db) => {
          const row = db.prepare("insert into projects (deal_id, name) values (?, ?)").run(dealId, name);
          const id = `PRJ-${row.lastInsertRowid}`;
          return { id, answer: { id, dealId, name } };
        });
      },
    },
    {
      method: "GET",
      path: "/projects",
      handle: (call) => ({
        status: 200,
        body: ledger.db
          .prepare("select 'PRJ-' || id as id, deal_id as dealId, name from projects where deal_id = ? order by id")
          .all(requireQuery(call, "dealId")),
      }),
    },
  ],
});
