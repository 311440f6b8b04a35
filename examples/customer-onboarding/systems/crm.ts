/** The CRM: won deals and their success managers, by tier and region. */

import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { Refusal } from "./refusal.ts";
import { parseBody, performOnce, runService } from "./service.ts";

const NewAssignment = z.object({
  dealId: z.string().min(1),
  tier: z.enum(["smb", "enterprise"]),
  region: z.string().min(1),
});

await runService({
  tables: `
    create table if not exists managers (
      id text primary key, name text not null, tier text not null, region text not null
    ) strict, without rowid;
    create table if not exists deals (
      id text primary key, tier text not null, region text not null, manager_id text not null references managers (id)
    ) strict, without rowid;
    create index if not exists deals_manager on deals (manager_id);
    insert or ignore into managers (id, name, tier, region) values
      ('csm-ada',    'Ada Okafor',      'enterprise', 'emea'), ('csm-bruno',  'Bruno Keller',   'enterprise', 'emea'),
      ('csm-chloe',  'Chloe Martin',    'smb',        'emea'), ('csm-dmitri', 'Dmitri Novak',   'smb',        'emea'),
      ('csm-elena',  'Elena Ruiz',      'enterprise', 'amer'), ('csm-felix',  'Felix Grant',    'enterprise', 'amer'),
      ('csm-grace',  'Grace Thompson',  'smb',        'amer'), ('csm-hugo',   'Hugo Ferreira',  'smb',        'amer'),
      ('csm-ines',   'Ines Tanaka',     'enterprise', 'apac'), ('csm-jun',    'Jun Watanabe',   'enterprise', 'apac'),
      ('csm-kavya',  'Kavya Rao',       'smb',        'apac'), ('csm-liam',   'Liam Nguyen',    'smb',        'apac');
  `,
  routes: (ledger) => [
    {
      method: "POST",
      path: "/assignments",
      handle: (call) => {
        const deal = parseBody(NewAssignment, call);
        return performOnce(ledger, call, { operation: "assign manager", request: deal }, (db) => {
          const manager = leastLoaded(db, deal);
          // The CRM may not have the deal yet: create it with its manager.
          db.prepare(
            `insert into deals (id, tier, region, manager_id) values (?, ?, ?, ?)
             on conflict (id) do update set manager_id = excluded.manager_id`,
          ).run(deal.dealId, deal.tier, deal.region, manager.managerId);
          return { id: `${deal.dealId} to ${manager.managerId}`, answer: manager };
        });
      },
    },
    {
      method: "GET",
      path: "/deals/:id",
      handle: (call) => ({ status: 200, body: readDeal(ledger.db, call.params["id"] ?? "") }),
    },
  ],
});

function leastLoaded(
  db: DatabaseSync,
  { tier, region }: { tier: string; region: string },
): { managerId: string; name: string } {
  const row = db
    .prepare(
      `select m.id, m.name from managers m where m.tier = ? and m.region = ?
       order by (select count(*) from deals d where d.manager_id = m.id), m.id limit 1`,
    )
    .get(tier, region);
  if (row === undefined) {
    throw new Refusal(422, `no manager for ${tier} customers in "${region}": the region must be emea, amer or apac`);
  }
  return { managerId: String(row["id"]), name: String(row["name"]) };
}

function readDeal(db: DatabaseSync, dealId: string): unknown {
  const row = db
    .prepare(
      `select d.id as dealId, d.tier, d.region, m.id as managerId, m.name as managerName
       from deals d join managers m on m.id = d.manager_id where d.id = ?`,
    )
    .get(dealId);
  if (row === undefined) throw new Refusal(404, `the CRM has no deal ${dealId}`);
  return row;
}
