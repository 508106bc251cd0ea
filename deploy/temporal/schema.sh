#!/bin/sh
# Create or update both databases of the Temporal server. Doing it again changes nothing, so it runs before
# every start, and a newer admin-tools image brings its newer schema.
# Where and as whom: SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD.
set -eu

schema=/etc/temporal/schema/postgresql/v12

prepare() {
    temporal-sql-tool --database "$1" create-database
    temporal-sql-tool --database "$1" setup-schema --version 0.0
    temporal-sql-tool --database "$1" update-schema --schema-dir "$2"
}

prepare temporal "$schema/temporal/versioned"
prepare temporal_visibility "$schema/visibility/versioned"
