-- Runs by the hour in which they were started ("started") or came to rest, by definition version: exact, never scanned.
create table hours (
  definition bigint not null,
  status text collate "C" not null,
  hour bigint not null,
  count bigint not null,
  primary key (definition, status, hour)
);

-- Dead letters of one cause.
create table causes (
  fingerprint text collate "C" primary key,
  count bigint not null
);

-- Runs by their attributes.
create table run_attributes (
  name text collate "C" not null,
  value text collate "C" not null,
  run bigint not null,
  primary key (name, value, run)
);
create index run_attributes_by_run on run_attributes (run);

-- Words of the messages of failed runs.
create table error_words (
  word text collate "C" not null,
  run bigint not null,
  primary key (word, run)
);
create index error_words_by_run on error_words (run);

-- Retention of a definition that has its own, as JSON.
alter table definitions add column keep text collate "C";
-- Retention looks at one definition at a time.
drop index runs_ended;
create index runs_ended on runs (definition, ended_at) where ended_at is not null;
