import { durationMs } from './duration.ts';
import type { ConfigFile } from './schema.ts';

/** Durations in milliseconds; 0 turns a check off. */
export interface HealthConfig {
  warningAgeMs: number;
  criticalAgeMs: number;
  /** Percent of the size before. */
  shrinkPercent: number;
  proofAgeMs: number;
  fullWithinMs: number;
}

/** Programs as argument lists. */
export interface HooksConfig {
  beforeRun: string[][];
  beforeDatabase: string[][];
  afterDatabase: string[][];
  onSuccess: string[][];
  onFailure: string[][];
  afterRun: string[][];
  timeoutMs: number;
}

export interface NotifyConfig {
  ping?: string | undefined;
  webhook?: { url: string; when: 'always' | 'failure' } | undefined;
  mail?: MailConfig | undefined;
}

export interface MailConfig {
  host: string;
  port: number;
  encryption: 'starttls' | 'tls' | 'none';
  /** Path of a PEM file. */
  ca?: string | undefined;
  /** A stored credential's name. */
  credential?: string | undefined;
  from: string;
  onFailure: string[];
  onSuccess: string[];
}

export function toHealth(health: ConfigFile['health']): HealthConfig {
  return {
    warningAgeMs: durationMs(health.warning_age),
    criticalAgeMs: durationMs(health.critical_age),
    shrinkPercent: health.shrink_percent,
    proofAgeMs: durationMs(health.proof_age),
    fullWithinMs: durationMs(health.full_within),
  };
}

export function toHooks(hooks: ConfigFile['hooks']): HooksConfig {
  return {
    beforeRun: hooks.before_run,
    beforeDatabase: hooks.before_database,
    afterDatabase: hooks.after_database,
    onSuccess: hooks.on_success,
    onFailure: hooks.on_failure,
    afterRun: hooks.after_run,
    timeoutMs: hooks.timeout * 1000,
  };
}

export function toNotify({ ping, webhook, mail }: ConfigFile['notify']): NotifyConfig {
  const { host, from } = mail;
  return {
    ping: ping.url,
    webhook: webhook.url === undefined ? undefined : { url: webhook.url, when: webhook.when },
    mail:
      host === undefined || from === undefined
        ? undefined
        : { ...mail, host, from, onFailure: mail.on_failure, onSuccess: mail.on_success },
  };
}
