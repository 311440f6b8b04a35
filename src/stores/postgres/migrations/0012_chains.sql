-- A run that continues as new runs is one execution, a chain. Its number is the number of its first part; a run that
-- never continued has none.
create table chains (
  no bigint primary key,
  -- The part that is open, or was the last to end.
  last bigint not null,
  -- Null while the chain is open.
  ended_at bigint
);
alter table runs add column chain bigint;
-- The chain of its parent, if the parent was not the chain's first part.
alter table runs add column parent_chain bigint;
-- The key under which its parent had started it, before another child took that key.
alter table runs add column replaced_key text collate "C";
create index runs_by_chain on runs (chain) where chain is not null;
create index runs_by_parent_chain on runs (parent_chain) where parent_chain is not null;

alter table live add column chain bigint;
-- Whether parents that did not start it wait for it.
alter table live add column is_joined smallint not null default 0;

-- An event is received once by a chain, whichever part reads it.
alter table inbox add column chain bigint;
create unique index inbox_once_in_chain on inbox (chain, ref) where chain is not null and kind = 'event';

-- Up to which event a chain has received everything that one wait could receive: later waits need not look further back.
create table chain_marks (
  chain bigint not null,
  key text collate "C" not null,
  event bigint not null,
  primary key (chain, key)
);

-- Calls whose start was joined to a run that existed already.
create table joins (
  waiter bigint not null,
  key text collate "C" not null,
  run bigint not null,
  primary key (waiter, key)
);
create index joins_by_run on joins (run);

-- Runs that the event's starts were merged into.
alter table events add column joined text;

with recursive parts (first, no, next) as (
  select r.no, r.no, r.continued_as from runs r
  where r.continued_as is not null and r.id not in (select continued_as from runs where continued_as is not null)
  union all
  select p.first, n.no, n.continued_as from parts p join runs n on n.id = p.next
)
update runs set chain = (select p.first from parts p where p.no = runs.no)
where no in (select p.no from parts p where p.no <> p.first);
insert into chains (no, last, ended_at)
  select r.chain, max(r.no), null from runs r where r.chain is not null group by r.chain;
update chains set ended_at = (select r.ended_at from runs r where r.no = chains.last);
update live set chain = (select r.chain from runs r where r.no = live.run);
update runs set parent_chain = (select p.chain from runs p where p.no = runs.parent) where parent is not null;
-- Until now each part had copies of all that earlier parts had read: those of the last part are complete.
update inbox set chain = (select r.chain from runs r where r.no = inbox.run)
where kind = 'event' and run in (select last from chains);

create or replace function baton_commit(
  p_sender bigint, p_lane smallint, p_batch bigint, p_shard smallint, p_worker bigint,
  s_id text[], s_definition bigint[], s_key text[], s_idempotency text[], s_name text[], s_hash text[], s_input text,
  s_origin text, s_at bigint[], s_delay bigint[], s_priority bigint[], s_leased smallint[],
  s_parent bigint[], s_parent_key text[], s_awaited smallint[],
  a_run bigint[], a_fence bigint[], a_next smallint[], a_output text, a_delay bigint[], a_reason text,
  e_run bigint[], e_seq bigint[], e_key text[], e_kind smallint[], e_outcome smallint[], e_value text, e_input text,
  e_attempts bigint[], e_took bigint[],
  t_run bigint[], t_fence bigint[], t_key text[], t_number bigint[], t_charged smallint[], t_outcome text[], t_error text, t_took bigint[],
  w_run bigint[], w_key text[], w_kind text[], w_due_in bigint[], w_due_at bigint[], w_name text[], w_attempt bigint[],
  w_match text[], w_hash bigint[],
  c_run bigint[], c_key text[], x_run bigint[], x_key text[], r_run bigint[], r_no bigint[],
  l_run bigint[], l_key text[], l_level text[], l_message text[], l_data text,
  v_source text[], v_id text[], v_name text[], v_data text, v_shapes bigint[],
  k_event bigint[], k_name text[], k_hash bigint[], k_match text[],
  p_shared bigint[], p_alone bigint[]
) returns table (what smallint, ref bigint, a bigint, b bigint) language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_sort = off
set jit = off as $$
#variable_conflict use_column
declare
  v_at bigint := baton_now();
  v_hour bigint;
  v_floor bigint;
  v_alive boolean := false;
  v_unclean boolean := false;
  h_run bigint[];
  h_definition bigint[];
  h_next smallint[];
  v_done bigint[];
  v_touched bigint[];
  v_parked bigint[];
  v_due bigint[];
  v_output text[];
  n_run bigint[];
  n_started bigint[];
  p_run bigint[];
  p_busy bigint[];
  u_run bigint[] := '{}';
  d_event bigint[];
  d_run bigint[];
  d_key text[];
  n_event bigint[];
begin
  v_hour := v_at / 3600000;

  insert into senders (id, lane, batch, at) values (p_sender, p_lane, p_batch, v_at)
    on conflict (id, lane) do update set batch = excluded.batch, at = excluded.at where senders.batch < excluded.batch;
  if not found then raise exception using errcode = 'BT003', message = 'this batch comes after a later one'; end if;

  -- Names of events first, in one order for all: see lockNames.
  if cardinality(p_shared) + cardinality(p_alone) > 0 then
    perform case g.alone when true then pg_advisory_xact_lock(g.key) else pg_advisory_xact_lock_shared(g.key) end
      from (select k as key, true as alone from unnest(p_alone) k union all select k, false from unnest(p_shared) k order by 1) g;
    v_at := baton_now();
  end if;

  -- Guards.
  if cardinality(s_id) > 0 and p_worker is not null then
    -- A worker that is being declared dead at this moment is not alive.
    select true into v_alive from workers w
      where w.incarnation = p_worker and w.is_dead = 0 and w.expires_at > v_at for key share skip locked;
    v_alive := coalesce(v_alive, false);
  end if;
  if cardinality(s_parent) > 0 then
    -- A child that is there already is joined by the shared code.
    return query select distinct 2::smallint, g.parent, 3::bigint, 0::bigint
      from unnest(s_parent, s_parent_key) g(parent, key)
        cross join lateral (select 1 from runs r where r.parent = g.parent and r.parent_key = g.key limit 1) r
      union
      -- A child of a later part of a chain belongs to the chain.
      select 2::smallint, g.parent, 3::bigint, 0::bigint from unnest(s_parent) g(parent)
        cross join lateral (select 1 from live l where l.run = g.parent and l.chain is not null limit 1) l
      where g.parent is not null;
    if found then return query select 0::smallint, v_at, 0::bigint, 0::bigint; return; end if;
  end if;
  if cardinality(s_idempotency) > 0 then
    return query select 2::smallint, g.ord, 4::bigint, 0::bigint
      from unnest(s_name, s_idempotency) with ordinality g(name, key, ord)
        cross join lateral (select 1 from idempotency i where i.definition = g.name and i.key = g.key limit 1) i
      where g.key is not null;
    if found then return query select 0::smallint, v_at, 0::bigint, 0::bigint; return; end if;
  end if;
  if cardinality(a_run) > 0 then
    select array_agg(l.run), array_agg(l.definition), array_agg(l.next), bool_or(l.unclean > 0) into h_run, h_definition, h_next, v_unclean from (
      select l.run, l.definition, g.next, l.unclean from unnest(a_run, a_fence, a_next) g(run, fence, next)
        cross join lateral (
          select l.run, l.definition, l.unclean from live l
          where l.run = g.run and l.state = 1 and l.fence = g.fence and l.unclean < 2
            and (g.next = 0 or (l.slots = 0 and l.compensation is null))
            -- The end of a chain, and of a run that others have joined, concerns more rows.
            and (g.next <> 3 or (l.chain is null and l.is_joined = 0))
          limit 1 for no key update skip locked) l) l;
    if coalesce(cardinality(h_run), 0) < cardinality(a_run) then
      return query select 2::smallint, g.run,
          (case when l.run is null or l.state <> 1 or l.fence <> g.fence then 1
             when l.unclean >= 2 or (g.next <> 0 and (l.slots <> 0 or l.compensation is not null))
               or (g.next = 3 and (l.chain is not null or l.is_joined = 1)) then 3 else 2 end)::bigint, 0::bigint
        from unnest(a_run, a_fence, a_next) g(run, fence, next)
          left join lateral (select * from live l where l.run = g.run limit 1) l on true
        where g.run <> all (coalesce(h_run, '{}'));
      return query select 0::smallint, v_at, 0::bigint, 0::bigint;
      return;
    end if;
    if cardinality(x_run) > 0 then
      return query select distinct 2::smallint, w.run, 5::bigint, 0::bigint
        from unnest(x_run, x_key) g(run, key)
          cross join lateral (select w.run, w.event from waits w where w.run = g.run and w.key = g.key limit 1) w
        where w.event is not null;
      if found then return query select 0::smallint, v_at, 0::bigint, 0::bigint; return; end if;
    end if;
    if 3 = any (a_next) then
      -- Parents that wait for one that ends: they are told in this transaction.
      select array_agg(distinct r.parent) into p_run
        from unnest(a_run, a_next) g(run, next)
          cross join lateral (select r.parent, r.parent_awaits from runs r where r.no = g.run limit 1) r
        where g.next = 3 and r.parent_awaits = 1;
      if p_run is not null then
        select array_agg(l.run) into p_busy from live l where l.run = any (p_run);
        select array_agg(l.run) into p_run from (
          select l.run from live l where l.run = any (p_run) order by l.run for no key update skip locked) l;
        if cardinality(p_busy) > coalesce(cardinality(p_run), 0) then
          return query select 2::smallint, g.run, 2::bigint, 0::bigint
            from unnest(a_run, a_next) g(run, next)
              cross join lateral (select r.parent, r.parent_awaits from runs r where r.no = g.run limit 1) r
            where g.next = 3 and r.parent_awaits = 1 and r.parent = any (p_busy) and r.parent <> all (coalesce(p_run, '{}'));
          return query select 0::smallint, v_at, 0::bigint, 0::bigint;
          return;
        end if;
      end if;
    end if;
  end if;

  if cardinality(w_hash) > 0 then
    -- A wait whose event has come first is settled by the shared code, and so is one of a chain's later part: what the
    -- chain has received is not in the rows of one part.
    return query select distinct 2::smallint, g.run, 3::bigint, 0::bigint
      from unnest(w_run, w_kind, w_name, w_hash) g(run, kind, name, hash)
        cross join lateral (select r.event_floor, r.chain from runs r where r.no = g.run limit 1) r
        cross join lateral (
          select 1 where r.chain is not null
          union all
          select 1 from event_keys k where k.name = g.name and k.hash = g.hash and k.event > r.event_floor
            and (select true from inbox i where i.run = g.run and i.kind = 'event' and i.ref = k.event::text limit 1) is null
          limit 1) k
      where g.kind = 'event';
    if found then return query select 0::smallint, v_at, 0::bigint, 0::bigint; return; end if;
  end if;
  if cardinality(v_id) > 0 then
    -- One that was accepted before, or of a name with paths that its sender did not know of.
    return query select 6::smallint, g.ord, 3::bigint, 0::bigint
      from unnest(v_source, v_id, v_name, v_shapes) with ordinality g(source, id, name, shapes, ord)
      where (select true from events e where e.source = g.source and e.id = g.id limit 1)
        or g.shapes <> (select count(*) from event_shapes h where h.name = g.name);
    if found then return query select 0::smallint, v_at, 0::bigint, 0::bigint; return; end if;
    -- Of each run the wait that was opened first.
    select array_agg(c.event), array_agg(c.run), array_agg(c.key) into d_event, d_run, d_key from (
      select distinct on (k.event, w.run) k.event, w.run, w.key
      from unnest(k_event, k_name, k_hash, k_match) k(event, name, hash, match)
        cross join lateral (
          select w.run, w.key, w.no from waits w
          where w.kind = 'event' and w.event is null and w.name = k.name and w.hash = k.hash and w.match is not distinct from k.match
          offset 0) w
      order by k.event, w.run, w.no) c;
    if d_event is not null then
      -- A wait that several want gets the first of them; the others come in the next batch, and find it taken.
      return query select distinct 6::smallint, c.event, 2::bigint, 0::bigint
        from unnest(d_event, d_run) c(event, run) join unnest(d_event, d_run) o(event, run) on o.run = c.run and o.event < c.event;
      if found then return query select 0::smallint, v_at, 0::bigint, 0::bigint; return; end if;
      select count(*) into v_floor from (
        select l.run from live l where l.run = any (d_run) order by l.run for no key update skip locked) l;
      if v_floor < (select count(*) from live l where l.run = any (d_run)) then
        return query select distinct 6::smallint, c.event, 2::bigint, 0::bigint from unnest(d_event) c(event);
        return query select 0::smallint, v_at, 0::bigint, 0::bigint;
        return;
      end if;
    end if;
  end if;

  -- Starts.
  if cardinality(s_id) > 0 then
    select coalesce(max(e.no), 0) into v_floor from events e;
    select array_agg(nextval('runs_no_seq')) into n_run from generate_series(1, cardinality(s_id));
    insert into runs (no, id, definition, key, input, origin, event_floor, created_at, parent, parent_key, parent_awaits)
      select g.no, g.id, g.definition, g.key, g.input, g.origin, v_floor, v_at, g.parent, g.parent_key, g.awaited
      from unnest(n_run, s_id, s_definition, s_key, string_to_array(s_input, E'\x1f', E'\x1e'), string_to_array(s_origin, E'\x1f'),
        s_parent, s_parent_key, s_awaited) g(no, id, definition, key, input, origin, parent, parent_key, awaited)
      on conflict (id) do nothing;
    -- Offered again after an answer was lost: what it asked for may be there.
    get diagnostics v_floor = row_count;
    if v_floor < cardinality(s_id) then raise exception using errcode = 'BT001', message = 'a start is there already'; end if;
    insert into live (run, definition, state, ready_at, holder, fence)
      select g.no, g.definition, case when g.mine then 1 else 0 end,
        case when g.mine then null when g.due is null or g.due <= v_at then v_at - g.priority else g.due end,
        case when g.mine then p_worker end, case when g.mine then 1 else 0 end
      from (
        select u.no, u.definition, u.priority, coalesce(u.at, v_at + u.delay) as due,
          v_alive and u.leased = 1 and coalesce(coalesce(u.at, v_at + u.delay) <= v_at, true) as mine
        from unnest(n_run, s_definition, s_at, s_delay, s_priority, s_leased) u(no, definition, at, delay, priority, leased)) g;
    if cardinality(s_idempotency) > 0 then
      insert into idempotency (definition, key, run_id, input_hash, run, at)
        select g.name, g.key, g.id, g.hash, g.no, v_at
        from unnest(s_name, s_idempotency, s_id, s_hash, n_run) g(name, key, id, hash, no) where g.key is not null order by 1, 2
        on conflict do nothing;
      get diagnostics v_floor = row_count;
      if v_floor < cardinality(array_remove(s_idempotency, null)) then
        raise exception using errcode = 'BT001', message = 'an idempotency key was taken at the same moment';
      end if;
    end if;
    -- What was written follows from the parameters: it is not read back.
    return query select 1::smallint, g.ord, g.no, (case when g.mine then 1 else 0 end)::bigint
      from (
        select u.no, u.ord, v_alive and u.leased = 1 and coalesce(coalesce(u.at, v_at + u.delay) <= v_at, true) as mine
        from unnest(n_run, s_at, s_delay, s_leased) with ordinality u(no, at, delay, leased, ord)) g;
  end if;

  -- What runs have recorded.
  if cardinality(e_run) > 0 then
    insert into steps (run, seq, key, kind, outcome, value, input, attempts, took_ms, at)
      select g.run, g.seq, g.key, g.kind, g.outcome, g.value, g.input, g.attempts, g.took, v_at
      from unnest(e_run, e_seq, e_key, e_kind, e_outcome, string_to_array(e_value, E'\x1f', E'\x1e'),
        string_to_array(e_input, E'\x1f', E'\x1e'), e_attempts, e_took) g(run, seq, key, kind, outcome, value, input, attempts, took)
      on conflict do nothing;
  end if;
  if v_unclean and cardinality(e_run) > 0 then
    -- Something of the run's own code got through: its last lease's unclean end counts no more.
    update live l set unclean = 0 where l.run = any (h_run) and l.unclean > 0 and l.run = any (e_run);
  end if;
  if cardinality(t_run) > 0 then
    insert into attempts (run, key, number, round, fence, charged, outcome, error, took_ms, at)
      select g.run, g.key, g.number, r.round, g.fence, g.charged, g.outcome, g.error, g.took, v_at
      from unnest(t_run, t_fence, t_key, t_number, t_charged, t_outcome, string_to_array(t_error, E'\x1f', E'\x1e'), t_took)
        g(run, fence, key, number, charged, outcome, error, took)
        cross join lateral (select r.round from runs r where r.no = g.run limit 1) r
      on conflict do nothing;
  end if;
  if cardinality(c_run) > 0 then
    delete from waits where ctid = any (array(
      select w.place from unnest(c_run, c_key) g(run, key)
        cross join lateral (select w.ctid as place from waits w where w.run = g.run and w.key = g.key limit 1) w));
    delete from shows where ctid = any (array(
      select w.place from unnest(c_run, c_key) g(run, key)
        cross join lateral (select w.ctid as place from shows w where w.run = g.run and w.key = g.key limit 1) w));
  end if;
  if cardinality(r_run) > 0 then
    update inbox i set is_read = 1 where i.no = any (r_no) and i.run = any (r_run);
  end if;
  if cardinality(w_run) > 0 then
    insert into waits (run, key, kind, no, due_at, since, name, attempt, match, hash)
      select g.run, g.key, g.kind, v_at * 1000 + nextval('wait_numbers'), coalesce(g.due_at, v_at + g.due_in), v_at, g.name, g.attempt, g.match, g.hash
      from unnest(w_run, w_key, w_kind, w_due_in, w_due_at, w_name, w_attempt, w_match, w_hash) g(run, key, kind, due_in, due_at, name, attempt, match, hash)
      on conflict (run, key) do update set kind = excluded.kind, due_at = excluded.due_at, attempt = excluded.attempt, name = excluded.name;
    -- Those that park are marked together with their parking.
    update live l set is_touched = 1
      where l.run = any (array(select g.run from unnest(a_run, a_next) g(run, next) where g.next <> 2 and g.run = any (w_run)))
        and l.is_touched = 0;
  end if;
  if cardinality(l_run) > 0 then
    insert into logs (run, key, level, message, data, at)
      select g.run, g.key, g.level, g.message, g.data, v_at
      from unnest(l_run, l_key, l_level, l_message, string_to_array(l_data, E'\x1f', E'\x1e')) with ordinality g(run, key, level, message, data, ord)
      order by g.ord;
  end if;

  if cardinality(v_id) > 0 then
    select array_agg(nextval('events_no_seq')) into n_event from generate_series(1, cardinality(v_id));
    insert into events (no, source, id, name, data, is_routed, matched, at)
      select g.no, g.source, g.id, g.name, g.data, 1, (select count(*) from unnest(d_event) d where d = g.ord), v_at
      from unnest(n_event, v_source, v_id, v_name, string_to_array(v_data, E'\x1f', E'\x1e')) with ordinality g(no, source, id, name, data, ord);
    insert into event_keys (name, hash, event)
      select g.name, g.hash, n_event[g.event] from unnest(k_event, k_name, k_hash) g(event, name, hash) on conflict do nothing;
    if d_event is not null then
      insert into inbox (run, kind, ref, key, at, chain)
        select g.run, 'event', n_event[g.event]::text, g.key, v_at, l.chain from unnest(d_event, d_run, d_key) g(event, run, key)
          left join lateral (select l.chain from live l where l.run = g.run limit 1) l on true
        order by g.event, g.run;
      update waits w set event = n_event[g.event]
        from (select g.event, w.place from unnest(d_event, d_run, d_key) g(event, run, key)
          cross join lateral (select w.ctid as place from waits w where w.run = g.run and w.key = g.key limit 1) w) g
        where w.ctid = g.place;
      update live l set ready_at = v_at
        where l.run = any (d_run) and l.state in (0, 2) and (l.ready_at is null or l.ready_at > v_at);
      return query select 4::smallint, d, 0::bigint, 0::bigint from unnest(d_run) d;
    end if;
    return query select 5::smallint, g.ord, g.no, (select count(*) from unnest(d_event) d where d = g.ord)
      from unnest(n_event) with ordinality g(no, ord);
  end if;

  -- Where runs are left.
  if 2 = any (a_next) then
    -- A new statement, after the lock: whoever delivers has the same lock until its commit.
    select coalesce(array_agg(distinct i.run), '{}') into u_run
      from unnest(a_run, a_next) g(run, next)
        cross join lateral (select i.run from inbox i where i.run = g.run and i.is_read = 0 limit 1) i
      where g.next = 2;
    update live l set is_touched = 1 where l.run = any (u_run) and l.is_touched = 0;
    -- Without anything that could wake it a run may not park: its row violates the check below.
    select coalesce(array_agg(g.run), '{}'), array_agg(w.due) into v_parked, v_due
      from unnest(a_run, a_next) g(run, next)
        cross join lateral (select count(*) as n, min(w.due_at) as due from waits w where w.run = g.run) w
      where g.next = 2 and g.run <> all (u_run) and w.n > 0;
    update live l set state = 2, holder = null, unclean = 0, is_lost = 0, reason = null, is_touched = 1,
        ready_at = case when l.deadline_at is null or l.deadline_at > v_due[array_position(v_parked, l.run)]
          then v_due[array_position(v_parked, l.run)] else l.deadline_at end
      where l.run = any (v_parked);
    get diagnostics v_floor = row_count;
    if v_floor + cardinality(u_run) < (select count(*) from unnest(a_next) n where n = 2) then
      raise exception using errcode = 'BT002', message = 'a run would park without anything that could wake it';
    end if;
    return query select 3::smallint, u, 0::bigint, 0::bigint from unnest(u_run) u;
  end if;
  if 1 = any (a_next) then
    v_output := string_to_array(a_reason, E'\x1f', E'\x1e');
    update live l set state = 0, ready_at = v_at + a_delay[array_position(a_run, l.run)], holder = null, unclean = 0, is_lost = 0,
        reason = v_output[array_position(a_run, l.run)]
      where l.run = any (array(select g.run from unnest(a_run, a_next) g(run, next) where g.next = 1));
  end if;
  if 3 = any (a_next) then
    v_done := array(select g.run from unnest(a_run, a_next) g(run, next) where g.next = 3);
    v_touched := array(select l.run from live l where l.run = any (v_done) and l.is_touched = 1);
    if cardinality(v_touched) > 0 then
      delete from waits w where w.run = any (v_touched);
      delete from shows w where w.run = any (v_touched);
    end if;
    delete from live l where l.run = any (v_done);
    -- By key and not by ctid: the row in `runs` is not locked here, and one that moves meanwhile would be missed.
    v_output := string_to_array(a_output, E'\x1f', E'\x1e');
    update runs r set ended = 'completed', output = v_output[array_position(a_run, r.no)], error = null, reason = null,
        fence = a_fence[array_position(a_run, r.no)], ended_at = v_at
      where r.no = any (v_done);
    if p_run is not null then
      insert into inbox (run, kind, ref, key, body, at)
        select r.parent, 'child', r.no || ':' || r.round, r.parent_key, null, v_at
        from unnest(a_run, a_next) g(run, next)
          cross join lateral (select * from runs r where r.no = g.run limit 1) r
        where g.next = 3 and r.parent_awaits = 1 order by r.no on conflict do nothing;
      update live l set ready_at = v_at
        where l.run = any (p_run) and l.state in (0, 2) and (l.ready_at is null or l.ready_at > v_at);
      return query select 4::smallint, p, 0::bigint, 0::bigint from unnest(p_run) p;
    end if;
  end if;

  -- Counts, last: their rows are the only ones that batches share. Most batches of results move nothing.
  if cardinality(s_id) = 0 and 0 = all (a_next) then
    return query select 0::smallint, v_at, 0::bigint, 0::bigint;
    return;
  end if;
  insert into counters (definition, status, shard, count)
    select d.definition, d.status, p_shard, sum(d.n) from (
      select u.definition,
          case when v_alive and u.leased = 1 and coalesce(coalesce(u.at, v_at + u.delay) <= v_at, true) then 'running' else 'pending' end as status,
          1 as n
        from unnest(s_definition, s_at, s_delay, s_leased) u(definition, at, delay, leased) where n_run is not null
      union all
      select h.definition, s.status, s.n from unnest(h_run, h_definition, h_next) h(run, definition, next)
        cross join lateral (values ('running', -1), (case h.next when 1 then 'pending' when 2 then 'waiting' else 'completed' end, 1)) s(status, n)
        where h.next <> 0 and h.run <> all (u_run)
    ) d group by 1, 2 order by 1, 2
    on conflict (definition, status, shard) do update set count = counters.count + excluded.count;
  insert into hours (definition, status, hour, shard, count)
    select d.definition, d.status, v_hour, p_shard, count(*) from (
      select g.definition, 'started' as status from unnest(s_definition) g(definition)
      union all
      select h.definition, 'completed' from unnest(h_definition, h_next) h(definition, next) where h.next = 3
    ) d group by 1, 2 order by 1, 2
    on conflict (definition, status, hour, shard) do update set count = hours.count + excluded.count;

  return query select 0::smallint, v_at, 0::bigint, 0::bigint;
end
$$;
