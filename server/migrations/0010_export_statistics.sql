-- The figures of the last 30 days come from the sums, which stay when records are removed; those that are not over, from the records.
create or replace view decant.export_health_metrics as
    with over as (
        select export_type, format, dataset, sum(total_exports)::bigint as exports,
               sum(successful_exports)::bigint as successful, sum(failed_exports)::bigint as failed,
               sum(total_size_bytes)::bigint as bytes, sum(total_records)::bigint as records,
               sum(total_processing_time_ms)::bigint as milliseconds, sum(total_downloads)::bigint as downloads,
               max(date)::timestamp at time zone 'UTC' as last
        from decant.export_analytics where date > (now() at time zone 'UTC')::date - 30
        group by export_type, format, dataset),
    open as (
        select export_type, format, dataset, count(*) filter (where status = 'processing') as processing,
               count(*) filter (where status <> 'processing') as waiting, max(created_at) as last
        from decant.data_exports where status in ('scheduled', 'queued', 'processing')
        group by export_type, format, dataset)
    select export_type, format, dataset,
           coalesce(over.exports, 0) + coalesce(processing, 0) + coalesce(waiting, 0) as total_exports,
           coalesce(successful, 0) as successful_exports, coalesce(failed, 0) as failed_exports,
           coalesce(processing, 0) as processing_exports, coalesce(waiting, 0) as waiting_exports,
           round(100.0 * successful / nullif(successful + failed, 0), 2) as success_rate_percent,
           coalesce(open.last, over.last) as last_export_date, coalesce(bytes, 0) as total_export_size,
           records / nullif(successful, 0) as avg_records_per_export, bytes / nullif(successful, 0) as avg_export_size,
           milliseconds / nullif(successful, 0) as avg_processing_time_ms, coalesce(downloads, 0) as total_downloads
    from over full join open using (export_type, format, dataset);
