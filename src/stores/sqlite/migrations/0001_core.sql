-- Definitions, one row a version: runs name it by its short number.
create table definitions (
  no integer primary key,
  kind text not null,
  name text not null,
  version integer not null,
  unique (kind, name, version)
);

-- One row a run, written at its start and at its end. Never indexed on what changes in between: `live` is the queue.
-- Values over 4 KiB stand in `payloads`; the column then holds '@' and their bytes.
create table runs (
  no integer primary key,
  id text not null unique,
  definition integer not null,
  ended text,
  key text,
  input text,
  output text,
  error text,
  reason text,
  attributes text,
  origin text not null,
  parent integer,
  parent_key text,
  parent_awaits integer,
  event_floor integer not null,
  start_event integer,
  fence integer not null default 0,
  round integer not null default 0,
  created_at integer not null,
  ended_at integer
);
create index runs_by_definition on runs (definition);
create index runs_by_key on runs (key) where key is not null;
create unique index runs_by_parent on runs (parent, parent_key) where parent is not null;
create index runs_cancelled on runs (no) where ended = 'cancelled';
create index runs_ended on runs (ended_at) where ended_at is not null;

-- Exactly while a run is not at rest. Not indexed by holder: only a death asks for that, and every lease would pay. state: 0 ready, 1 leased, 2 parked, 3 suspended.
create table live (
  run integer primary key,
  definition integer not null,
  state integer not null,
  ready_at integer,
  holder integer,
  fence integer not null,
  lease_seq integer not null default 0,
  unclean integer not null default 0,
  is_lost integer not null default 0,
  -- Whether it ever had a row in "waits" or "shows": most runs end without.
  is_touched integer not null default 0,
  reason text
);
create index live_ready on live (ready_at) where ready_at is not null;
create index live_suspended on live (run) where state = 3;
create index live_suspects on live (unclean, ready_at) where unclean >= 2 and ready_at is not null;

-- Failed runs that wait for a person.
create table dead (
  run integer primary key,
  fingerprint text not null,
  step text,
  at integer not null
);
create index dead_by_fingerprint on dead (fingerprint, run);

-- Append-only. A plain rowid table: a clustered one would touch a page for each run of a batch.
create table steps (
  run integer not null,
  seq integer not null,
  key text not null,
  kind integer not null,
  outcome integer not null,
  value text,
  input text,
  attempts integer not null,
  took_ms integer not null,
  at integer not null
);
create unique index steps_by_run on steps (run, seq);

-- Only what did not go well at the first try.
create table attempts (
  run integer not null,
  key text not null,
  number integer not null,
  round integer not null,
  fence integer not null,
  charged integer not null,
  outcome text not null,
  error text,
  took_ms integer not null,
  at integer not null,
  primary key (run, key, number)
) without rowid;

create table waits (
  run integer not null,
  key text not null,
  kind text not null,
  no integer not null,
  due_at integer,
  since integer not null,
  name text,
  match text,
  hash integer,
  event integer,
  attempt integer not null default 0,
  primary key (run, key)
) without rowid;
create index waits_for_event on waits (name, hash, no) where kind = 'event' and event is null;

-- What others have for a run. Only its holder turns it into history.
create table inbox (
  no integer primary key,
  run integer not null,
  kind text not null,
  ref text not null,
  key text,
  body text,
  is_read integer not null default 0,
  at integer not null
);
create unique index inbox_once on inbox (run, kind, ref);
create index inbox_unread on inbox (run) where is_read = 0;

create table events (
  no integer primary key,
  source text not null,
  id text not null,
  name text not null,
  data text,
  is_routed integer not null,
  matched integer not null default 0,
  refused text,
  at integer not null
);
create unique index events_once on events (source, id);
create index events_by_name on events (name, no);
create index events_unrouted on events (no) where is_routed = 0;
create index events_by_age on events (at);

-- A shape is the set of paths that some wait compares; an event has one key row for each shape of its name.
create table event_shapes (
  name text not null,
  shape integer not null,
  paths text not null,
  primary key (name, shape)
) without rowid;
create table event_keys (
  name text not null,
  hash integer not null,
  event integer not null,
  primary key (name, hash, event)
) without rowid;
create index event_keys_by_event on event_keys (event);

create table payloads (
  run integer not null,
  slot text not null,
  body text not null
);
create unique index payloads_by_run on payloads (run, slot);

create table idempotency (
  definition text not null,
  key text not null,
  run_id text not null,
  input_hash text not null,
  run integer not null,
  at integer not null,
  primary key (definition, key)
) without rowid;
create index idempotency_by_age on idempotency (at);

create table logs (
  no integer primary key,
  run integer not null,
  key text,
  level text not null,
  message text not null,
  data text,
  at integer not null
);
create index logs_by_run on logs (run, no);

-- Attempts that take longer than a moment, for people to see.
create table shows (
  run integer not null,
  key text not null,
  attempt integer not null,
  progress real,
  note text,
  since integer not null,
  primary key (run, key)
) without rowid;

-- What the engine did to a run beyond its normal course.
create table history (
  no integer primary key,
  run integer not null,
  kind text not null,
  detail text,
  at integer not null
);
create index history_by_run on history (run, no);

-- What people did. Append-only; kept when its run is gone.
create table audit (
  no integer primary key,
  run integer,
  run_id text,
  actor text not null,
  verb text not null,
  why text,
  at integer not null
);
create index audit_by_run on audit (run, no);

create table counters (
  definition integer not null,
  status text not null,
  shard integer not null,
  count integer not null,
  primary key (definition, status, shard)
) without rowid;

create table workers (
  incarnation integer primary key autoincrement,
  name text not null,
  started_at integer not null,
  expires_at integer not null,
  is_dead integer not null default 0,
  -- When it was declared dead, and whether a suspect that it held explains that; null for one that left by itself.
  died_at integer,
  is_explained integer
);
create index workers_died on workers (died_at) where is_explained = 0;

-- The greatest time ever used: store time never goes back, whatever the machine's clock does.
create table clock (
  id integer primary key check (id = 1),
  last_at integer not null
);
insert into clock values (1, 0);
