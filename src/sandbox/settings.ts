import { sandboxProfiles } from './profile.ts';
import { maxLatencyMs, type SandboxOptions } from './sandbox-options.ts';
import { isWebhookUrl, type WebhookTarget } from './webhooks/webhook-target.ts';

/** The settings that `main.ts` starts the sandbox with. */
export type SandboxSettings = SandboxOptions & { readonly port: number; readonly host: string };

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the environment variables. Returns one line for each problem if there is any. */
export function parseSettings(environment: Environment): SandboxSettings | readonly string[] {
  const problems: string[] = [];

  const number = (name: string, fallback: number, min: number, max: number, whole = true): number => {
    const text = environment[name];
    if (text === undefined || text === '') return fallback;
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
    const accepted = `${whole ? 'a whole number' : 'a number'} from ${String(min)} to ${String(max)}`;
    problems.push(`${name}: ${JSON.stringify(text)} is not accepted; accepted: ${accepted}.`);
    return fallback;
  };

  const name = environment['SANDBOX_PROFILE'] || 'v2';
  const profile = sandboxProfiles.find(known => known === name);
  if (profile === undefined) {
    const accepted = sandboxProfiles.join(', ');
    problems.push(`SANDBOX_PROFILE: ${JSON.stringify(name)} is not accepted; accepted: ${accepted}.`);
  }
  const settings = {
    host: environment['HOST'] || '127.0.0.1',
    port: number('SANDBOX_PORT', 4010, 0, 65_535),
    profile: profile ?? 'v2',
    seed: number('SANDBOX_SEED', 1, 0, 2 ** 32 - 1),
    payouts: number('SANDBOX_PAYOUTS', 300, 0, 1_000_000),
    speed: number('SANDBOX_SPEED', 1, 0.001, 1_000_000, false),
    latencyMs: number('SANDBOX_LATENCY_MS', 0, 0, maxLatencyMs),
  };
  const webhook = parseWebhook(environment, problems);
  if (problems.length > 0) return problems;
  return webhook === undefined ? settings : { ...settings, webhook };
}

/** Whether `parseSettings` returned problems and not settings. */
export function isProblems(parsed: SandboxSettings | readonly string[]): parsed is readonly string[] {
  return Array.isArray(parsed);
}

function parseWebhook(environment: Environment, problems: string[]): WebhookTarget | undefined {
  const url = environment['SANDBOX_WEBHOOK_URL'] || undefined;
  const secret = environment['SANDBOX_WEBHOOK_SECRET'] || undefined;
  if (url !== undefined && !isWebhookUrl(url)) {
    problems.push(
      `SANDBOX_WEBHOOK_URL: ${JSON.stringify(url)} is not accepted; accepted: an http or https URL.`,
    );
  }
  if (url !== undefined && secret !== undefined) return { url, secret };
  if (url !== undefined) problems.push('SANDBOX_WEBHOOK_SECRET: is not set; SANDBOX_WEBHOOK_URL needs it.');
  if (secret !== undefined)
    problems.push('SANDBOX_WEBHOOK_URL: is not set; SANDBOX_WEBHOOK_SECRET needs it.');
  return undefined;
}
