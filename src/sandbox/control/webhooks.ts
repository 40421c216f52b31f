import { isRecord } from '../exact-json.ts';
import { type UnrelatedEvent, unrelatedEvents } from '../webhooks/unrelated-events.ts';
import type { PayoutChange } from '../seeded-payout.ts';
import type { WebhookFaults } from '../webhooks/webhook-faults.ts';
import { isWebhookUrl, type WebhookTarget } from '../webhooks/webhook-target.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';

/** What `PUT /sandbox/webhooks` may change; what is left out stays. */
interface WebhookChange {
  readonly target?: WebhookTarget;
  readonly faults: Partial<WebhookFaults>;
}

const targetKeys = ['url', 'secret'];
const faultKeys: readonly (keyof WebhookFaults)[] = ['duplicate', 'reorder', 'lose'];
const changeKeys: readonly (keyof PayoutChange)[] = [
  'status',
  'postInitiationStatus',
  'bankTransactionReference',
  'granularStatusCode',
  'statusDetails',
];

/** Webhooks as the control routes show them: without the secret. */
export function webhooksShown({ target, faults, sent }: Webhooks): object {
  return { url: target?.url ?? null, faults, sent };
}

/** Reads what is to change about webhooks from JSON; a string says what is wrong with it. */
export function parseWebhookChange(value: unknown): WebhookChange | string {
  if (!isRecord(value)) return 'the body must be an object';
  const stranger = Object.keys(value).find(key => ![...targetKeys, ...faultKeys].includes(key));
  if (stranger !== undefined) return `webhooks have no ${stranger}`;
  const faults: Partial<WebhookFaults> = {};
  for (const key of faultKeys) {
    const share = value[key];
    if (share === undefined) continue;
    if (typeof share !== 'number' || share < 0 || share > 1) return `${key} must be a number from 0 to 1`;
    faults[key] = share;
  }
  const { url, secret } = value;
  if (url === undefined && secret === undefined) return { faults };
  if (typeof url !== 'string' || !isWebhookUrl(url)) return 'url must be an http or https address';
  if (typeof secret !== 'string' || secret === '') return 'secret must be a text that is not empty';
  return { target: { url, secret }, faults };
}

/** Reads which noise is asked for; undefined when there is no such. */
export function parseNoise(value: unknown): UnrelatedEvent | undefined {
  return isRecord(value) ? unrelatedEvents.find(noise => noise === value['kind']) : undefined;
}

/** Reads what is to become of a payout; a string says what is wrong with it. */
export function parsePayoutChange(value: unknown): PayoutChange | string {
  if (!isRecord(value)) return 'the body must be an object';
  for (const [key, field] of Object.entries(value)) {
    if (!changeKeys.some(known => known === key)) return `a change has no ${key}`;
    const fits = typeof field === 'string' || (field === null && key !== 'status');
    if (!fits) return `${key} must be a text`;
  }
  return value; // every field has passed its check
}
