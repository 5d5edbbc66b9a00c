-- Makes the table of older versions `decant.audit`. They looked for it along the search path, so this does, too.
do $$
declare
    older pg_catalog.regclass default pg_catalog.to_regclass('decant_audit');
begin
    if older is not null and pg_catalog.to_regclass('decant.audit') is null then
        execute pg_catalog.format('alter table %s set schema decant', older);
        alter table decant.decant_audit rename to audit;
    end if;
end $$
