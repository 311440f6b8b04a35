/** Product provisioning: creates an account for a project. The one system that fails on command (`POST /control`). */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { Control, FAULT_TABLES, openFaultInjector } from "./faults.ts";
import { parseBody, performOnce, requireQuery, runService } from "./service.ts";

const NewAccount = z.object({ projectId: z.string().min(1), dealId: z.string().min(1) });

await runService({
  tables: `
    ${FAULT_TABLES}
    create table if not exists accounts (
      id integer primary key, project_id text not null, deal_id text not null, login text not null, password text not null
    ) strict;
    create index if not exists accounts_deal on accounts (deal_id);
  `,
  routes: (ledger) => {
    const faults = openFaultInjector(ledger.db);
    return [
      {
        method: "POST",
        path: "/accounts",
        handle: (call) => {
          const request = parseBody(NewAccount, call);
          return faults.run(request.dealId, call, () =>
            performOnce(ledger, call, { operation: "provision account", request }, (db) => {
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
          // The password is sent only once, when the account is created.
          body: ledger.db
            .prepare(
              `select 'ACC-' || id as accountId, project_id as projectId, deal_id as dealId, login
               from accounts where deal_id = ? order by id`,
            )
            .all(requireQuery(call, "dealId")),
        }),
      },
      { method: "GET", path: "/control", handle: () => ({ status: 200, body: faults.active() }) },
      {
        method: "POST",
        path: "/control",
        handle: (call) => {
          const control = parseBody(Control, call);
          faults.control(control);
          return { status: 200, body: control };
        },
      },
    ];
  },
});
