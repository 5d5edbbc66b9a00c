-- Wrong credentials of an address since the time of the first, within a minute.
create table decant.wrong_attempts (
    address pg_catalog.inet primary key,
    since pg_catalog.timestamptz not null,
    failures bigint not null
);
