-- Made by running all migrations. Do not edit: npm run schema

CREATE TABLE artifacts (
  hash text primary key,
  body text not null,
  externals text not null,
  bytes integer not null,
  created_at integer not null
) without rowid;

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
, schedule text, detail text);

CREATE TABLE bulk_runs (
  bulk integer not null,
  place integer not null,
  run integer not null,
  outcome text,
  detail text,
  at integer,
  primary key (bulk, place)
) without rowid;

CREATE TABLE bulks (
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

CREATE TABLE causes (
  fingerprint text primary key,
  count integer not null
) without rowid;

CREATE TABLE chain_marks (
  chain integer not null,
  key text not null,
  event integer not null,
  primary key (chain, key)
) without rowid;

CREATE TABLE chains (
  no integer primary key,
  -- The part that is open, or was the last to end.
  last integer not null,
  -- Null while the chain is open.
  ended_at integer
);

CREATE TABLE clock (
  id integer primary key check (id = 1),
  last_at integer not null
, last_run integer not null default 0);

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
, compensation text);

CREATE TABLE definitions (
  no integer primary key,
  kind text not null,
  name text not null,
  version integer not null, fingerprint text, author_version integer, file text, created_at integer, deployed_no integer, used_no integer, drained_at integer, retired_at integer, keep text, queue text,
  unique (kind, name, version)
);

CREATE TABLE error_words (
  word text not null,
  run integer not null,
  primary key (word, run)
) without rowid;

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
, joined text, tries integer not null default 0, tried_by integer, tried_at integer, try_error text);

CREATE TABLE fire_gaps (
  no integer primary key,
  schedule integer not null,
  cause text not null,
  from_at integer not null,
  through_at integer not null,
  count integer not null,
  at integer not null
);

CREATE TABLE fires (
  schedule integer not null,
  nominal_at integer not null,
  outcome text not null,
  run_id text,
  why text,
  at integer not null,
  primary key (schedule, nominal_at)
) without rowid;

CREATE TABLE gathers (
  key text primary key,
  run integer not null,
  count integer not null,
  until integer not null
) without rowid;

CREATE TABLE history (
  no integer primary key,
  run integer not null,
  kind text not null,
  detail text,
  at integer not null
);

CREATE TABLE hours (
  definition integer not null,
  status text not null,
  hour integer not null,
  shard integer not null,
  count integer not null,
  primary key (definition, status, hour, shard)
) without rowid;

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
, chain integer);

CREATE TABLE joins (
  waiter integer not null,
  key text not null,
  run integer not null,
  primary key (waiter, key)
) without rowid;

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
, compensation text, clocks_stopped_at integer, slots integer not null default 0, deadline_at integer, chain integer, is_joined integer not null default 0);

CREATE TABLE logs (
  no integer primary key,
  run integer not null,
  key text,
  level text not null,
  message text not null,
  data text,
  at integer not null
);

CREATE TABLE manifests (
  no integer primary key,
  key_id text not null,
  body text not null,
  signature text not null,
  created_at integer not null
);

CREATE TABLE mends (
  id text primary key,
  at integer not null
) without rowid;

CREATE TABLE payload_files (
  hash text primary key,
  bytes integer not null,
  at integer not null,
  -- When something that referred to it went. Null: nothing has.
  loose_at integer
) without rowid;

CREATE TABLE payloads (
  run integer not null,
  slot text not null,
  body text not null
, file text);

CREATE TABLE rate_marks (
  key text not null,
  place integer not null,
  at integer not null,
  primary key (key, place)
) without rowid;

CREATE TABLE rates (
  key text primary key,
  size integer not null,
  place integer not null,
  forget_at integer not null
) without rowid;

CREATE TABLE run_attributes (
  name text not null,
  value text not null,
  run integer not null,
  primary key (name, value, run)
) without rowid;

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
, continued_as text, flow text, chain integer, parent_chain integer, replaced_key text);

CREATE TABLE saved_views (
  id text primary key,
  name text not null unique,
  query text not null,
  created_by text not null,
  created_at integer not null
) without rowid;

CREATE TABLE schedules (
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

CREATE TABLE shows (
  run integer not null,
  key text not null,
  attempt integer not null,
  progress real,
  note text,
  since integer not null,
  primary key (run, key)
) without rowid;

CREATE TABLE slot_limits (
  key text primary key,
  max integer not null
) without rowid;

CREATE TABLE slot_waiters (
  key text not null,
  rank integer not null,
  run integer not null,
  ready_at integer,
  since integer not null,
  primary key (key, rank, run)
) without rowid;

CREATE TABLE slots (
  key text not null,
  n integer not null,
  run integer not null,
  fence integer not null,
  since integer not null,
  -- Kept while the run waits.
  is_kept integer not null,
  primary key (key, n)
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

CREATE TABLE throttle_places (
  key text not null,
  at integer not null,
  run integer not null,
  primary key (key, at, run)
) without rowid;

CREATE TABLE timers (
  owner_kind text not null,
  owner integer not null,
  due_at integer not null,
  primary key (owner_kind, owner)
) without rowid;

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
, version text, slots integer, queues text, seen_at integer);

CREATE INDEX audit_by_run on audit (run, no);

CREATE INDEX bulk_runs_open on bulk_runs (bulk, place) where outcome is null;

CREATE INDEX dead_by_fingerprint on dead (fingerprint, run);

CREATE INDEX error_words_by_run on error_words (run);

CREATE INDEX event_keys_by_event on event_keys (event);

CREATE INDEX events_by_age on events (at);

CREATE INDEX events_by_name on events (name, no);

CREATE INDEX events_held on events (no) where is_routed = 2;

CREATE UNIQUE INDEX events_once on events (source, id);

CREATE INDEX events_unrouted on events (no) where is_routed = 0;

CREATE INDEX fire_gaps_by_schedule on fire_gaps (schedule, through_at);

CREATE INDEX fires_buffered on fires (schedule) where outcome = 'buffered';

CREATE INDEX fires_by_age on fires (at);

CREATE INDEX gathers_by_run on gathers (run);

CREATE INDEX history_by_run on history (run, no);

CREATE INDEX idempotency_by_age on idempotency (at);

CREATE INDEX inbox_by_event on inbox (ref) where kind = 'event';

CREATE UNIQUE INDEX inbox_once on inbox (run, kind, ref);

CREATE UNIQUE INDEX inbox_once_in_chain on inbox (chain, ref) where chain is not null and kind = 'event';

CREATE INDEX inbox_unread on inbox (run) where is_read = 0;

CREATE INDEX joins_by_run on joins (run);

CREATE INDEX live_ready on live (ready_at) where ready_at is not null;

CREATE INDEX live_suspects on live (unclean, ready_at) where unclean >= 2 and ready_at is not null;

CREATE INDEX live_suspended on live (run) where state = 3;

CREATE INDEX logs_by_run on logs (run, no);

CREATE INDEX payload_files_loose on payload_files (loose_at) where loose_at is not null;

CREATE INDEX payloads_by_file on payloads (file) where file is not null;

CREATE UNIQUE INDEX payloads_by_run on payloads (run, slot);

CREATE INDEX rates_by_age on rates (forget_at);

CREATE INDEX run_attributes_by_run on run_attributes (run);

CREATE INDEX runs_by_chain on runs (chain) where chain is not null;

CREATE INDEX runs_by_definition on runs (definition);

CREATE INDEX runs_by_event on runs (start_event) where start_event is not null;

CREATE INDEX runs_by_key on runs (key) where key is not null;

CREATE UNIQUE INDEX runs_by_parent on runs (parent, parent_key) where parent is not null;

CREATE INDEX runs_by_parent_chain on runs (parent_chain) where parent_chain is not null;

CREATE INDEX runs_cancelled on runs (no) where ended = 'cancelled';

CREATE INDEX runs_ended on runs (definition, ended_at) where ended_at is not null;

CREATE INDEX runs_failed on runs (no) where ended = 'failed';

CREATE UNIQUE INDEX slot_waiters_by_run on slot_waiters (run);

CREATE INDEX slots_by_run on slots (run);

CREATE UNIQUE INDEX steps_by_run on steps (run, seq);

CREATE INDEX throttle_places_by_age on throttle_places (at);

CREATE INDEX timers_due on timers (due_at);

CREATE INDEX waits_for_event on waits (name, hash, no) where kind = 'event' and event is null;

CREATE INDEX workers_died on workers (died_at) where is_explained = 0;
