/**
 * Events, and the state they come to. What was signed is kept as the text that was signed; the columns to look things up by
 * are taken from that text by the database, so that they cannot say anything else.
 */
export const EVENTS = `
create table event_count (
  is_only boolean primary key default true check (is_only),
  last_seq bigint not null
);
insert into event_count (last_seq) values (0);

create table events (
  seq bigint primary key,
  stream text not null,
  id text not null,
  version integer not null check (version >= 1),
  act text not null,
  event text not null,
  at bigint not null generated always as ((act::jsonb ->> 'at')::bigint) stored,
  by text not null generated always as (act::jsonb ->> 'by') stored,
  role text not null generated always as (act::jsonb ->> 'role') stored,
  type text not null generated always as (event::jsonb ->> 'type') stored,
  log_index bigint unique check (log_index >= 0),
  unique (stream, id, version)
);
create index events_unlogged on events (seq) where log_index is null;

create function keep_events() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if old.log_index is null
      and (new.seq, new.stream, new.id, new.version, new.act, new.event)
        = (old.seq, old.stream, old.id, old.version, old.act, old.event)
    then
      return new;
    end if;
  end if;
  raise exception 'events are only added, and given a place in the log once'
    using errcode = 'restrict_violation';
end
$$;
create trigger keep_events before update or delete on events
  for each row execute function keep_events();
create trigger keep_all_events before truncate on events
  for each statement execute function keep_events();

create table aggregates (
  stream text not null,
  id text not null,
  version integer not null,
  state text not null,
  primary key (stream, id)
);
`
