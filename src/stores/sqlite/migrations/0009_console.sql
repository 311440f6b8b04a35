-- Filters of the list of runs under a name.
create table saved_views (
  id text primary key,
  name text not null unique,
  query text not null,
  created_by text not null,
  created_at integer not null
) without rowid;

-- What an event has done: the runs that it started, and those that it woke. Only they pay for it.
create index runs_by_event on runs (start_event) where start_event is not null;
create index inbox_by_event on inbox (ref) where kind = 'event';
