-- Moments at which somebody other than a run is looked at. A run's own timer is its ready time.
create table timers (
  owner_kind text not null,
  owner integer not null,
  due_at integer not null,
  primary key (owner_kind, owner)
) without rowid;
create index timers_due on timers (due_at);

-- Every nominal time up to "decided_to" has its row in "fires" or lies in one of "fire_gaps". When it is looked at next
-- stands in "timers".
create table schedules (
  no integer primary key,
  kind text not null,
  definition text not null,
  version integer not null,
  name text not null,
  spec text not null,
  hash text not null,
  revision integer not null default 0,
  -- Gone from the code: its row stays, so that a nominal time is never fired again when it comes back.
  is_removed integer not null default 0,
  is_paused integer not null default 0,
  paused_by text,
  paused_why text,
  paused_at integer,
  decided_to integer not null,
  -- The run that overlap looks at.
  last_run integer,
  created_at integer not null,
  unique (kind, definition, name)
);

-- At most one row, hence at most one run, for one nominal time.
create table fires (
  schedule integer not null,
  nominal_at integer not null,
  outcome text not null,
  run_id text,
  why text,
  at integer not null,
  primary key (schedule, nominal_at)
) without rowid;
create index fires_by_age on fires (at);
create index fires_buffered on fires (schedule) where outcome = 'buffered';

-- Nominal times in a row that started nothing, because nobody was there or because of a pause.
create table fire_gaps (
  no integer primary key,
  schedule integer not null,
  cause text not null,
  from_at integer not null,
  through_at integer not null,
  count integer not null,
  at integer not null
);
create index fire_gaps_by_schedule on fire_gaps (schedule, through_at);

-- What people did to a schedule, by its id; such a row names no run.
alter table audit add column schedule text;
