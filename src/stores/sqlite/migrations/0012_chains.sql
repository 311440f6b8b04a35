-- A run that continues as new runs is one execution, a chain. Its number is the number of its first part; a run that
-- never continued has none.
create table chains (
  no integer primary key,
  -- The part that is open, or was the last to end.
  last integer not null,
  -- Null while the chain is open.
  ended_at integer
);
alter table runs add column chain integer;
-- The chain of its parent, if the parent was not the chain's first part.
alter table runs add column parent_chain integer;
-- The key under which its parent had started it, before another child took that key.
alter table runs add column replaced_key text;
create index runs_by_chain on runs (chain) where chain is not null;
create index runs_by_parent_chain on runs (parent_chain) where parent_chain is not null;

alter table live add column chain integer;
-- Whether parents that did not start it wait for it.
alter table live add column is_joined integer not null default 0;

-- An event is received once by a chain, whichever part reads it.
alter table inbox add column chain integer;
create unique index inbox_once_in_chain on inbox (chain, ref) where chain is not null and kind = 'event';

-- Up to which event a chain has received everything that one wait could receive: later waits need not look further back.
create table chain_marks (
  chain integer not null,
  key text not null,
  event integer not null,
  primary key (chain, key)
) without rowid;

-- Calls whose start was joined to a run that existed already.
create table joins (
  waiter integer not null,
  key text not null,
  run integer not null,
  primary key (waiter, key)
) without rowid;
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
