-- What an endpoint says of its last probe is what the log says.

update public.provider_endpoints e
set last_probed_at = l.created_at, last_probe_ok = l.ok, last_probe_status_code = l.status_code,
    last_probe_latency_ms = l.latency_ms, last_probe_error_type = l.error_type, last_probe_error_message = l.error_message
from (select distinct on (endpoint_id) * from public.provider_endpoint_probe_logs
      order by endpoint_id, created_at desc, id desc) l
where l.endpoint_id operator(pg_catalog.=) e.id;
