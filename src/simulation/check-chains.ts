import type { Evidence } from "./evidence.ts";
import type { Violation } from "./violation.ts";

/** INV-55 to 58: what became of each start, and that a chain of continued runs is one execution. */
export function checkChains(evidence: Evidence): readonly Violation[] {
  return [
    ...checkRequests(evidence),
    ...checkReceived(evidence),
    ...checkChildren(evidence),
    ...checkIds(evidence),
    ...checkRefusals(evidence),
  ];
}

/** INV-55: a run does not continue as a new one over a request that it has not read. */
function checkRequests({ core }: Evidence): Violation[] {
  return core.db
    .all<{ id: string; kind: string }>(
      `select r.id, i.kind from runs r join inbox i on i.run = r.no
       where r.continued_as is not null and i.kind in ('cancel', 'suspend') and i.is_read = 0`,
    )
    .map(({ id, kind }) => ({ invariant: "INV-55", detail: `${id} continued over an accepted ${kind}` }));
}

/** INV-26 for chains: no two parts of a chain receive the same event. */
function checkReceived({ core }: Evidence): Violation[] {
  return core.db
    .all<{ chain: number; event: string; n: number }>(
      `select coalesce(r.chain, r.no) as chain, json_extract(s.value, '$.id') as event, count(*) as n
       from steps s join runs r on r.no = s.run
       where s.kind = 4 and s.value is not null and s.value <> 'null'
         and exists (select 1 from chains c where c.no = coalesce(r.chain, r.no))
       group by 1, 2 having n > 1`,
    )
    .map(({ chain, event, n }) => ({
      invariant: "INV-26",
      detail: `chain ${chain} received event ${event} ${n} times`,
    }));
}

/** INV-56: the cancel of a chain reaches the children of all its parts. */
function checkChildren({ core }: Evidence): Violation[] {
  return core.db
    .all<{ id: string; ended: string | null; last: string }>(
      `select c.id, c.ended, l.id as last from runs c join chains h on h.no in (c.parent, c.parent_chain)
         join runs l on l.no = h.last
       where l.ended = 'cancelled' and c.ended is not 'cancelled' and coalesce(c.ended_at, 9e15) > l.ended_at
         and not exists (select 1 from inbox i where i.run = c.no and i.kind = 'cancel')
         and not exists (select 1 from joins j where j.run = c.no)`,
    )
    .map(({ id, ended, last }) => ({
      invariant: "INV-56",
      detail: `${id} is ${ended}, but the chain of its parent was cancelled first, in ${last}`,
    }));
}

/** INV-57: each run id in a wait, a recorded start or call, a firing and an event's outcome exists. */
function checkIds({ core }: Evidence): Violation[] {
  return core.db
    .all<{ id: string; place: string }>(
      `select * from (
         select w.name as id, 'the wait of run ' || w.run as place from waits w where w.kind = 'child'
         union all
         select json_extract(s.value, '$.id'), 'start "' || s.key || '" of run ' || s.run from steps s
           where s.kind = 6 and s.outcome = 0
         union all
         select f.run_id, 'a firing of schedule ' || f.schedule from fires f where f.run_id is not null
         union all
         select json_extract(j.value, '$.run'), 'event ' || e.no from events e, json_each(e.joined) j
       ) where id not in (select r.id from runs r)`,
    )
    .map(({ id, place }) => ({ invariant: "INV-57", detail: `${place} names ${id}, which does not exist` }));
}

/** INV-58: a start that was recorded as refused has started nothing. */
function checkRefusals({ core }: Evidence): Violation[] {
  return core.db
    .all<{ id: string; key: string; run: number }>(
      `select c.id, s.key, s.run from steps s join runs c on c.parent = s.run and c.parent_key = s.key
       where s.kind = 6 and s.outcome = 1`,
    )
    .map(({ id, key, run }) => ({
      invariant: "INV-58",
      detail: `start "${key}" of run ${run} was refused and started ${id}`,
    }));
}
