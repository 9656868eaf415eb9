/**
 * Files that findings name, by the digest of their bytes. They are in the database so that an act and what it names are
 * looked at in one transaction and are kept together. Stored as they are: most are compressed already, and of what is not
 * compressed anew a part can be read without the rest.
 */
export const FILES = `
create table files (
  digest text primary key check (digest = 'sha256:' || encode(sha256(bytes), 'hex')),
  media_type text not null,
  size integer not null check (size = length(bytes)),
  bytes bytea not null,
  at bigint not null
);
alter table files alter bytes set storage external;
`
