-- Slots that a run needs while it works, and its deadline, as JSON: null for most.
alter table runs add column flow text collate "C";
-- 0: needs no slots, 1: needs slots that it does not hold, 2: holds all that it needs.
alter table live add column slots smallint not null default 0;
alter table live add column deadline_at bigint;

-- A slot is a row: the primary key is what keeps a limit. It belongs to a run, so nothing that dies can keep it.
create table slots (
  key text collate "C" not null,
  n bigint not null,
  run bigint not null,
  fence bigint not null,
  since bigint not null,
  -- Kept while the run waits.
  is_kept smallint not null,
  primary key (key, n)
);
create index slots_by_run on slots (run);
-- The newest limit of a key that has waiters or holders.
create table slot_limits (
  key text collate "C" primary key,
  max bigint not null
);
-- A run that cannot have all its slots holds none and stands in the line of the first key that is full.
create table slot_waiters (
  key text collate "C" not null,
  rank bigint not null,
  run bigint not null,
  ready_at bigint,
  since bigint not null,
  primary key (key, rank, run)
);
create unique index slot_waiters_by_run on slot_waiters (run);

-- The last `size` starts of a key, as a ring: exact in every window.
create table rates (
  key text collate "C" primary key,
  size bigint not null,
  place bigint not null,
  forget_at bigint not null
);
create index rates_by_age on rates (forget_at);
create table rate_marks (
  key text collate "C" not null,
  place bigint not null,
  at bigint not null,
  primary key (key, place)
);

-- The newest run of a key: of a debounce and a batch while it may still change, of a singleton until it ends.
create table gathers (
  key text collate "C" primary key,
  run bigint not null,
  count bigint not null,
  until bigint not null
);
create index gathers_by_run on gathers (run);
