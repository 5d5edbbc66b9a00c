create type webhook_provider_type as enum ('wechat', 'feishu', 'dingtalk', 'telegram', 'custom');
create type notification_type as enum ('circuit_breaker', 'daily_leaderboard', 'cost_alert', 'cache_hit_rate_alert');
create table notification_settings (
  id serial primary key,
  enabled boolean not null default false,
  use_legacy_mode boolean not null default false,
  circuit_breaker_enabled boolean not null default false,
  circuit_breaker_webhook varchar(512),
  daily_leaderboard_enabled boolean not null default false,
  daily_leaderboard_webhook varchar(512),
  cost_alert_enabled boolean not null default false,
  cost_alert_webhook varchar(512),
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
create table webhook_targets (
  id serial primary key,
  name varchar(100) not null,
  provider_type webhook_provider_type not null,
  webhook_url varchar(1024),
  telegram_bot_token varchar(256),
  telegram_chat_id varchar(64),
  custom_template jsonb,
  proxy_fallback_to_direct boolean default false,
  is_enabled boolean not null default true,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
create table notification_target_bindings (
  id serial primary key,
  notification_type notification_type not null,
  target_id integer not null references webhook_targets (id) on delete cascade,
  is_enabled boolean not null default true,
  created_at timestamptz default now()
);
create unique index unique_notification_target_binding on notification_target_bindings (notification_type, target_id);
insert into notification_settings (use_legacy_mode, circuit_breaker_enabled, circuit_breaker_webhook,
  daily_leaderboard_enabled, daily_leaderboard_webhook, cost_alert_enabled, cost_alert_webhook)
values (true, true, 'https://open.feishu.cn/open-apis/bot/v2/hook/secret-1', true, 'https://hooks.example.com/secret-2',
  true, ' https://open.feishu.cn/open-apis/bot/v2/hook/secret-1 ');
