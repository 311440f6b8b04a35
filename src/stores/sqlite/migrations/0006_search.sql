-- Runs by the hour in which they were started ("started") or came to rest, by definition version: exact, never scanned.
create table hours (
  definition integer not null,
  status text not null,
  hour integer not null,
  count integer not null,
  primary key (definition, status, hour)
) without rowid;

-- Dead letters of one cause.
create table causes (
  fingerprint text primary key,
  count integer not null
) without rowid;

-- Runs by their attributes.
create table run_attributes (
  name text not null,
  value text not null,
  run integer not null,
  primary key (name, value, run)
) without rowid;
create index run_attributes_by_run on run_attributes (run);

-- Words of the messages of failed runs.
create table error_words (
  word text not null,
  run integer not null,
  primary key (word, run)
) without rowid;
create index error_words_by_run on error_words (run);

-- Retention of a definition that has its own, as JSON.
alter table definitions add column keep text;
-- Retention looks at one definition at a time.
drop index runs_ended;
create index runs_ended on runs (definition, ended_at) where ended_at is not null;

-- What is there already.
insert into hours select definition, 'started', created_at / 3600000, count(*) from runs group by 1, 2, 3;
insert into hours select definition, ended, ended_at / 3600000, count(*) from runs where ended is not null group by 1, 2, 3;
insert into causes select fingerprint, count(*) from dead group by 1;
insert into run_attributes
  select a.key, cast(a.value as text), r.no from runs r, json_each(r.attributes) a where r.attributes is not null and a.value is not null;
