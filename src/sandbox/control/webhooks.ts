import { isRecord } from '../exact-json.ts';
import { type UnrelatedEvent, unrelatedEvents } from '../webhooks/unrelated-events.ts';
import type { WebhookFaults } from '../webhooks/webhook-faults.ts';
import { isWebhookUrl, type WebhookTarget } from '../webhooks/webhook-target.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';

/** The body of `PUT /sandbox/webhooks`. Omitted fields keep their values. */
interface WebhookChange {
  readonly target?: WebhookTarget;
  readonly faults: Partial<WebhookFaults>;
}

const targetKeys = ['url', 'secret'];
const faultKeys: readonly (keyof WebhookFaults)[] = ['duplicate', 'reorder', 'lose'];

/** The webhooks as the control routes show them, without the secret. */
export function describeWebhooks({ target, faults, sent }: Webhooks): object {
  return { url: target?.url ?? null, faults, sent };
}

/** Parses a change of the webhooks. A string says what is wrong with it. */
export function parseWebhookChange(value: unknown): WebhookChange | string {
  if (!isRecord(value)) return 'the body must be an object';
  const keys = [...targetKeys, ...faultKeys];
  const unknownKey = Object.keys(value).find(key => !keys.includes(key));
  if (unknownKey !== undefined) return `unknown field ${unknownKey}; accepted fields: ${keys.join(', ')}`;
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
  if (typeof secret !== 'string' || secret === '') return 'secret must be a non-empty string';
  return { target: { url, secret }, faults };
}

/** Parses the kind of an unrelated event. Undefined if there is no such kind. */
export function parseUnrelatedEvent(value: unknown): UnrelatedEvent | undefined {
  return isRecord(value) ? unrelatedEvents.find(kind => kind === value['kind']) : undefined;
}
