-- Made by running all migrations. Do not edit: npm run schema

CREATE TABLE attempts (
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

CREATE TABLE audit (
  no integer primary key,
  run integer,
  run_id text,
  actor text not null,
  verb text not null,
  why text,
  at integer not null
);

CREATE TABLE clock (
  id integer primary key check (id = 1),
  last_at integer not null
);

CREATE TABLE counters (
  definition integer not null,
  status text not null,
  shard integer not null,
  count integer not null,
  primary key (definition, status, shard)
) without rowid;

CREATE TABLE dead (
  run integer primary key,
  fingerprint text not null,
  step text,
  at integer not null
);

CREATE TABLE definitions (
  no integer primary key,
  kind text not null,
  name text not null,
  version integer not null,
  unique (kind, name, version)
);

CREATE TABLE event_keys (
  name text not null,
  hash integer not null,
  event integer not null,
  primary key (name, hash, event)
) without rowid;

CREATE TABLE event_shapes (
  name text not null,
  shape integer not null,
  paths text not null,
  primary key (name, shape)
) without rowid;

CREATE TABLE events (
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

CREATE TABLE history (
  no integer primary key,
  run integer not null,
  kind text not null,
  detail text,
  at integer not null
);

CREATE TABLE idempotency (
  definition text not null,
  key text not null,
  run_id text not null,
  input_hash text not null,
  run integer not null,
  at integer not null,
  primary key (definition, key)
) without rowid;

CREATE TABLE inbox (
  no integer primary key,
  run integer not null,
  kind text not null,
  ref text not null,
  key text,
  body text,
  is_read integer not null default 0,
  at integer not null
);

CREATE TABLE live (
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

CREATE TABLE logs (
  no integer primary key,
  run integer not null,
  key text,
  level text not null,
  message text not null,
  data text,
  at integer not null
);

CREATE TABLE payloads (
  run integer not null,
  slot text not null,
  body text not null
);

CREATE TABLE runs (
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

CREATE TABLE shows (
  run integer not null,
  key text not null,
  attempt integer not null,
  progress real,
  note text,
  since integer not null,
  primary key (run, key)
) without rowid;

CREATE TABLE steps (
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

CREATE TABLE waits (
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

CREATE TABLE workers (
  incarnation integer primary key autoincrement,
  name text not null,
  started_at integer not null,
  expires_at integer not null,
  is_dead integer not null default 0,
  -- When it was declared dead, and whether a suspect that it held explains that; null for one that left by itself.
  died_at integer,
  is_explained integer
);

CREATE INDEX audit_by_run on audit (run, no);

CREATE INDEX dead_by_fingerprint on dead (fingerprint, run);

CREATE INDEX event_keys_by_event on event_keys (event);

CREATE INDEX events_by_age on events (at);

CREATE INDEX events_by_name on events (name, no);

CREATE UNIQUE INDEX events_once on events (source, id);

CREATE INDEX events_unrouted on events (no) where is_routed = 0;

CREATE INDEX history_by_run on history (run, no);

CREATE INDEX idempotency_by_age on idempotency (at);

CREATE UNIQUE INDEX inbox_once on inbox (run, kind, ref);

CREATE INDEX inbox_unread on inbox (run) where is_read = 0;

CREATE INDEX live_ready on live (ready_at) where ready_at is not null;

CREATE INDEX live_suspects on live (unclean, ready_at) where unclean >= 2 and ready_at is not null;

CREATE INDEX live_suspended on live (run) where state = 3;

CREATE INDEX logs_by_run on logs (run, no);

CREATE UNIQUE INDEX payloads_by_run on payloads (run, slot);

CREATE INDEX runs_by_definition on runs (definition);

CREATE INDEX runs_by_key on runs (key) where key is not null;

CREATE UNIQUE INDEX runs_by_parent on runs (parent, parent_key) where parent is not null;

CREATE INDEX runs_cancelled on runs (no) where ended = 'cancelled';

CREATE INDEX runs_ended on runs (ended_at) where ended_at is not null;

CREATE UNIQUE INDEX steps_by_run on steps (run, seq);

CREATE INDEX waits_for_event on waits (name, hash, no) where kind = 'event' and event is null;

CREATE INDEX workers_died on workers (died_at) where is_explained = 0;
