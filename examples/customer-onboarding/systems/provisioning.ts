/** Product provisioning: an account for a project. The one system that can be told to misbehave (`POST /control`). */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { Control, MISBEHAVIOUR_TABLES, openMisbehaviour } from "./misbehaviour.ts";
import { actOnce, parseBody, requireQuery, runService } from "./service.ts";

const NewAccount = z.object({ projectId: z.string().min(1), dealId: z.string().min(1) });

await runService({
  tables: `
    ${MISBEHAVIOUR_TABLES}
    create table if not exists accounts (
      id integer primary key, project_id text not null, deal_id text not null, login text not null, password text not null
    ) strict;
    create index if not exists accounts_deal on accounts (deal_id);
  `,
  routes: (ledger) => {
    const misbehaviour = openMisbehaviour(ledger.db);
    return [
      {
        method: "POST",
        path: "/accounts",
        handle: (call) => {
          const request = parseBody(NewAccount, call);
          return misbehaviour.around(request.dealId, call, () =>
            actOnce(ledger, call, { act: "provision account", request }, (db) => {
              const login = `admin@${request.dealId.toLowerCase()}.example`;
              const password = randomBytes(12).toString("hex");
              const row = db
                .prepare("insert into accounts (project_id, deal_id, login, password) values (?, ?, ?, ?)")
                .run(request.projectId, request.dealId, login, password);
              const accountId = `ACC-${row.lastInsertRowid}`;
              return { id: accountId, answer: { accountId, login, password } };
            }),
          );
        },
      },
      {
        method: "GET",
        path: "/accounts",
        handle: (call) => ({
          status: 200,
          // The password goes out once, with the answer that made it.
          body: ledger.db
            .prepare(
              `select 'ACC-' || id as accountId, project_id as projectId, deal_id as dealId, login
               from accounts where deal_id = ? order by id`,
            )
            .all(requireQuery(call, "dealId")),
        }),
      },
      { method: "GET", path: "/control", handle: () => ({ status: 200, body: misbehaviour.orders() }) },
      {
        method: "POST",
        path: "/control",
        handle: (call) => {
          const control = parseBody(Control, call);
          misbehaviour.order(control);
          return { status: 200, body: control };
        },
      },
    ];
  },
});
