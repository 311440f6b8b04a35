-- How a run ends once its completed steps are undone, as JSON: while it is there the run is compensating.
alter table live add column compensation text;
-- When a person halted it with its clocks stopped: on resume its timers move by the time that has passed.
alter table live add column clocks_stopped_at integer;
-- Kept while an undo that failed waits for a person.
alter table dead add column compensation text;

-- Failed runs, also those that are no dead letters: compensated ones and dismissed ones.
create index runs_failed on runs (no) where ended = 'failed';

-- A verb for many runs at once, and what became of each of them. When it is looked at next stands in "timers".
create table bulks (
  no integer primary key,
  id text not null unique,
  request text not null,
  actor text not null,
  why text,
  status text not null,
  -- Which canary is under way; from their number on it is all the rest.
  stage integer not null,
  total integer not null,
  -- Why it stopped.
  detail text,
  created_at integer not null,
  ended_at integer
);
create table bulk_runs (
  bulk integer not null,
  place integer not null,
  run integer not null,
  outcome text,
  detail text,
  at integer,
  primary key (bulk, place)
) without rowid;
create index bulk_runs_open on bulk_runs (bulk, place) where outcome is null;

-- The run that went on in its place.
alter table runs add column continued_as text;
