-- Start times that cancelled throttled starts gave back. The next start of the key takes one before it takes a new one.
create table throttle_places (
  key text not null,
  at integer not null,
  run integer not null,
  primary key (key, at, run)
) without rowid;
create index throttle_places_by_age on throttle_places (at);
