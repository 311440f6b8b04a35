-- Slots that a run needs while it works, and its deadline, as JSON: null for most.
alter table runs add column flow text;
-- 0: needs no slots, 1: needs slots that it does not hold, 2: holds all that it needs.
alter table live add column slots integer not null default 0;
alter table live add column deadline_at integer;

-- A slot is a row: the primary key is what keeps a limit. It belongs to a run, so nothing that dies can keep it.
create table slots (
  key text not null,
  n integer not null,
  run integer not null,
  fence integer not null,
  since integer not null,
  -- Kept while the run waits.
  is_kept integer not null,
  primary key (key, n)
) without rowid;
create index slots_by_run on slots (run);
-- The newest limit of a key that has waiters or holders.
create table slot_limits (
  key text primary key,
  max integer not null
) without rowid;
-- A run that cannot have all its slots holds none and stands in the line of the first key that is full.
create table slot_waiters (
  key text not null,
  rank integer not null,
  run integer not null,
  ready_at integer,
  since integer not null,
  primary key (key, rank, run)
) without rowid;
create unique index slot_waiters_by_run on slot_waiters (run);

-- The last `size` starts of a key, as a ring: exact in every window.
create table rates (
  key text primary key,
  size integer not null,
  place integer not null,
  forget_at integer not null
) without rowid;
create index rates_by_age on rates (forget_at);
create table rate_marks (
  key text not null,
  place integer not null,
  at integer not null,
  primary key (key, place)
) without rowid;

-- The newest run of a key: of a debounce and a batch while it may still change, of a singleton until it ends.
create table gathers (
  key text primary key,
  run integer not null,
  count integer not null,
  until integer not null
) without rowid;
create index gathers_by_run on gathers (run);
