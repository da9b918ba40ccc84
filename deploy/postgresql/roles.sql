-- Once, on the new primary, by its superuser:
--   psql -v shop="'...'" -v owner="'...'" -v replication="'...'" -f roles.sql
-- The application owns nothing: it can neither drop a trigger nor empty a table, so what only grows
-- does so whatever the application's mistakes. Options of a connection do not pass PgBouncer, so
-- the time-outs are the roles' own; those of `shop` are the ones of shop/engine.py.
\set ON_ERROR_STOP on

CREATE ROLE shop_owner LOGIN PASSWORD :owner;
CREATE ROLE shop LOGIN PASSWORD :shop;
CREATE ROLE shop_replication LOGIN REPLICATION PASSWORD :replication;
SELECT pg_create_physical_replication_slot('shop_b');

ALTER ROLE shop SET statement_timeout = '4s';
ALTER ROLE shop SET lock_timeout = '2s';
ALTER ROLE shop SET timezone = 'UTC';
-- Of a process that was stopped in the middle, the session goes back to the others.
ALTER ROLE shop SET idle_in_transaction_session_timeout = '15s';

ALTER ROLE shop_owner SET lock_timeout = '5s';
ALTER ROLE shop_owner SET timezone = 'UTC';

CREATE DATABASE shop OWNER shop_owner ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' TEMPLATE template0;
REVOKE ALL ON DATABASE shop FROM PUBLIC;
GRANT CONNECT ON DATABASE shop TO shop;

\connect shop
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO shop;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO shop;
