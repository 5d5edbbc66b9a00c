--
-- PostgreSQL database dump
--

\restrict 5A4zHbOfG3X2CLwKIBWuyjJIu69TgPQCMaOmfrqMCDHOeRupdBp6tPBEbl0Ahfj

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: billing; Type: SCHEMA; Schema: -; Owner: shop
--

CREATE SCHEMA billing;


ALTER SCHEMA billing OWNER TO shop;

--
-- Name: odd "schema" 名; Type: SCHEMA; Schema: -; Owner: shop
--

CREATE SCHEMA "odd ""schema"" 名";


ALTER SCHEMA "odd ""schema"" 名" OWNER TO shop;

--
-- Name: one(); Type: FUNCTION; Schema: public; Owner: shop
--

CREATE FUNCTION public.one() RETURNS integer
    LANGUAGE sql
    AS $$select 1$$;


ALTER FUNCTION pu