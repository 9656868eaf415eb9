/** What things are looked up by: whose, with which words, and in which state from when until when. */
export const LISTINGS = `
create table listings (
  stream text not null,
  id text not null,
  customer text not null,
  words tsvector not null,
  primary key (stream, id)
);
create index listings_customer on listings (stream, customer, id);
create index listings_words on listings using gin (words);

create table listing_states (
  stream text not null,
  id text not null,
  state text not null,
  since bigint not null,
  until bigint not null,
  primary key (stream, id, since)
);
create index listing_states_state on listing_states (stream, state, id);
`
