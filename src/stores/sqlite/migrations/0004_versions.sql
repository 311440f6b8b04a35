-- What a version is made of. Null throughout where the author's number is all there is: an app that brings its own code.
-- The fingerprint is the hash of the version's artifact.
alter table definitions add column fingerprint text;
-- The number that its author wrote, which tells two versions of one file apart.
alter table definitions add column author_version integer;
alter table definitions add column file text;
alter table definitions add column created_at integer;
-- Rises with each deployment: the greatest of a name is what its folder held last.
alter table definitions add column deployed_no integer;
-- Rises with each choice: the greatest of a name that is not drained serves new starts.
alter table definitions add column used_no integer;
-- No new starts since then; and since when nothing of it is left.
alter table definitions add column drained_at integer;
alter table definitions add column retired_at integer;

-- Code of versions, by the hash of body and externals. Several definitions of one file share one.
create table artifacts (
  hash text primary key,
  body text not null,
  externals text not null,
  bytes integer not null,
  created_at integer not null
) without rowid;

-- Which version has which hash, signed with a key that is not in here.
create table manifests (
  no integer primary key,
  key_id text not null,
  body text not null,
  signature text not null,
  created_at integer not null
);
