-- Values that lie in files beside the store, by the SHA-256 of their bytes. A file is referred to by rows of "payloads":
-- a count of them kept here could disagree with the rows one day.
create table payload_files (
  hash text primary key,
  bytes integer not null,
  at integer not null,
  -- When something that referred to it went. Null: nothing has.
  loose_at integer
) without rowid;
create index payload_files_loose on payload_files (loose_at) where loose_at is not null;
alter table payloads add column file text;
create index payloads_by_file on payloads (file) where file is not null;

-- What an act was about besides its run, as JSON: counts, and hashes of keys.
alter table audit add column detail text;

-- Repairs that were carried out, so that one that is offered again after a lost answer is not done twice.
create table mends (
  id text primary key,
  at integer not null
) without rowid;

-- The number of the newest run that was removed, when no newer one was there: numbers are never given twice.
alter table clock add column last_run integer not null default 0;
