/** The key under which the governance log commits to each event. To destroy one is to redact the event (semantics §13.3). */
export const EVENT_KEYS = `
create table event_keys (
  seq bigint primary key,
  key bytea not null check (length(key) = 32)
);
`
