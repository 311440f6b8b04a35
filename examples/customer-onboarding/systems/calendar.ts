/** The calendar: books each kickoff meeting in a free hour of the manager. */
import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { Refusal } from "./refusal.ts";
import { parseBody, performOnce, requireQuery, runService } from "./service.ts";

const NewMeeting = z.object({ dealId: z.string().min(1), managerId: z.string().min(1) });

/** Working hours, UTC: the last meeting starts at 16:00. */
const FIRST_HOUR = 9;
const LAST_HOUR = 16;
/** If a manager has no free hour in half a year, a person has to decide. */
const DAYS_AHEAD_MAX = 180;

await runService({
  tables: `
    create table if not exists meetings (
      id integer primary key, deal_id text not null, manager_id text not null, starts_at text not null,
      unique (manager_id, starts_at)
    ) strict;
    create index if not exists meetings_deal on meetings (deal_id);
  `,
  routes: (ledger) => [
    {
      method: "POST",
      path: "/meetings",
      handle: (call) => {
        const meeting = parseBody(NewMeeting, call);
        return performOnce(ledger, call, { operation: "schedule meeting", request: meeting }, (db) => {
          const startsAt = firstFreeHour(db, meeting.managerId);
          const row = db
            .prepare("insert into meetings (deal_id, manager_id, starts_at) values (?, ?, ?)")
            .run(meeting.dealId, meeting.managerId, startsAt);
          const id = `MTG-${row.lastInsertRowid}`;
          return { id, answer: { id, ...meeting, startsAt } };
        });
      },
    },
    {
      method: "GET",
      path: "/meetings",
      handle: (call) => ({
        status: 200,
        body: ledger.db
          .prepare(
            `select 'MTG-' || id as id, deal_id as dealId, manager_id as managerId, starts_at as startsAt
             from meetings where deal_id = ? order by id`,
          )
          .all(requireQuery(call, "dealId")),
      }),
    },
  ],
});

function firstFreeHour(db: DatabaseSync, managerId: string): string {
  const isTaken = db.prepare("select 1 from meetings where manager_id = ? and starts_at = ?");
  for (const startsAt of workingHours(new Date())) {
    if (isTaken.get(managerId, startsAt) === undefined) return startsAt;
  }
  throw new Refusal(409, `${managerId} has no free hour in the next ${DAYS_AHEAD_MAX} days`);
}

function* workingHours(from: Date): Generator<string> {
  for (let daysAhead = 1; daysAhead <= DAYS_AHEAD_MAX; daysAhead++) {
    const day = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate() + daysAhead));
    const isWeekend = day.getUTCDay() === 0 || day.getUTCDay() === 6;
    for (let hour = FIRST_HOUR; hour <= LAST_HOUR && !isWeekend; hour++) {
      day.setUTCHours(hour);
      yield day.toISOString();
    }
  }
}
