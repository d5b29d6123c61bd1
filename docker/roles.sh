#!/bin/sh
# Runs once, when the database is made: its owner, who migrates, and the login of the application, who owns nothing.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  -v owner_password="$STEPDOWN_OWNER_PASSWORD" -v app_password="$STEPDOWN_APP_PASSWORD" <<'SQL'
CREATE ROLE stepdown_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE ROLE stepdown LOGIN NOINHERIT PASSWORD :'app_password';
CREATE DATABASE stepdown OWNER stepdown_owner;
REVOKE ALL ON DATABASE stepdown FROM PUBLIC;
GRANT CONNECT ON DATABASE stepdown TO stepdown;
SQL
