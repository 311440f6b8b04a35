-- What a worker says of itself, for people.
alter table workers add column version text;
alter table workers add column slots integer;
alter table workers add column queues text;
-- When it last renewed its lease.
alter table workers add column seen_at integer;

-- The lane that a definition's runs stand in; null: the default one.
alter table definitions add column queue text;

-- Like the other counters, these have a row for each shard, so that those who write at once do not wait for each other.
alter table hours rename to hours_before;
create table hours (
  definition integer not null,
  status text not null,
  hour integer not null,
  shard integer not null,
  count integer not null,
  primary key (definition, status, hour, shard)
) without rowid;
insert into hours select definition, status, hour, 0, count from hours_before;
drop table hours_before;
