/** Implementations of the systems. */
import { startService } from "../kit/service.ts";
import type { Services } from "../kit/services.ts";
import { backupsSystem, pagerSystem, trafficSystem } from "./systems.ts";

export type Infrastructure = Services<"pager" | "backups" | "traffic">;

export async function startInfrastructure(dataDir: string): Promise<Infrastructure> {
  const [pager, backups, traffic] = await Promise.all([
    startService({
      shape: pagerSystem,
      dataDir,
      tables: "",
      operations: { alert: ({ site, text }) => ({ id: `${text}/${site}`, answer: { alertId: `ALERT-${site}` } }) },
    }),
    startService({
      shape: backupsSystem,
      dataDir,
      tables: "",
      operations: {
        restore: ({ site }) => ({ id: `restore/${site}`, answer: { restoreId: `RESTORE-${site}` } }),
        abandon: ({ site }) => ({ id: `abandon/${site}`, answer: {} }),
      },
    }),
    startService({
      shape: trafficSystem,
      dataDir,
      tables: `
        create table if not exists routes (site text primary key, served_by text not null) strict;
        create table if not exists reroutes (key text primary key, site text not null) strict;
        create table if not exists down (site text primary key) strict;
      `,
      operations: {
        reroute: ({ site, to }, { db, key }) => {
          db.prepare("insert or replace into routes values (?, ?)").run(site, to);
          db.prepare("insert into reroutes values (?, ?)").run(key, site);
          return { id: `${to}/${site}`, answer: { servedBy: to } };
        },
        sendBack: ({ site, rerouteKey }, { db }) => {
          const happened = db.prepare("select 1 from reroutes where key = ?").get(rerouteKey) !== undefined;
          if (happened) db.prepare("delete from routes where site = ?").run(site);
          return { id: `back/${site}`, answer: { servedBy: site } };
        },
        validate: ({ site }, { db }) => {
          const servedBy = String(
            db.prepare("select served_by from routes where site = ?").get(site)?.["served_by"] ?? site,
          );
          const isServing = db.prepare("select 1 from down where site = ?").get(servedBy) === undefined;
          return { id: `validate/${site}`, answer: { servedBy, isServing } };
        },
      },
    }),
  ]);
  return { pager, backups, traffic };
}
