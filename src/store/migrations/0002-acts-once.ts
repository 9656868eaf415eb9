/** What keeps an act from being done twice: nonces that serve once, and answers that are given again to the same request. */
export const ACTS_ONCE = `
create table nonces (
  nonce text primary key,
  given_at bigint not null,
  served_at bigint
);
create index nonces_given_at on nonces (given_at);

create table answers (
  by text not null,
  key text not null,
  digest text not null,
  status integer not null,
  response text not null,
  at bigint not null,
  primary key (by, key)
);
create index answers_at on answers (at);
`
