-- Routing tries of an event: how many there were, the worker that holds the current one, when the last one began, and
-- how the last one ended. `is_routed` is 2 for an event that is held after its last try, so that held events are not in
-- the index of unrouted ones, and processes of an older version pass them too.
alter table events add column tries smallint not null default 0;
alter table events add column tried_by bigint;
alter table events add column tried_at bigint;
alter table events add column try_error text;
create index events_held on events (no) where is_routed = 2;
