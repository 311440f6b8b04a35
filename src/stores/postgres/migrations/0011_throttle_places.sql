-- Start times that cancelled throttled starts gave back. The next start of the key takes one before it takes a new one.
create table throttle_places (
  key text collate "C" not null,
  at bigint not null,
  run bigint not null,
  primary key (key, at, run)
);
create index throttle_places_by_age on throttle_places (at);
