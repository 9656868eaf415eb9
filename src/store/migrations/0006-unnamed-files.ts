/** Files that no act has named yet: they are kept for a while only. Whatever was kept before counts as named. */
export const UNNAMED_FILES = `
create table unnamed_files (
  digest text primary key references files,
  size integer not null,
  at bigint not null
);
create index unnamed_files_at on unnamed_files (at);
`
