-- Values that lie in files beside the store, by the SHA-256 of their bytes. A file is referred to by rows of "payloads":
-- a count of them kept here could disagree with the rows one day.
create table payload_files (
  hash text collate "C" primary key,
  bytes bigint not null,
  at bigint not null,
  -- When something that referred to it went. Null: nothing has.
  loose_at bigint
);
create index payload_files_loose on payload_files (loose_at) where loose_at is not null;
alter table payloads add column file text collate "C";
create index payloads_by_file on payloads (file) where file is not null;

-- What an act was about besides its run, as JSON: counts, and hashes of keys.
alter table audit add column detail text collate "C";

-- Repairs that were carried out, so that one that is offered again after a lost answer is not done twice.
create table mends (
  id text collate "C" primary key,
  at bigint not null
);

-- The number of the newest run that was removed, when no newer one was there: numbers are never given twice.
alter table clock add column last_run bigint not null default 0;
