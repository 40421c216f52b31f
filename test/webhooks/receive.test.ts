import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ReceivedEvent } from '../../src/payouts/payout-update.ts';
import { destinations } from '../../src/sandbox/named.ts';
import type { AnnouncedPayout } from '../../src/webhooks/event-from-lean.ts';
import { WebhookReceiver } from '../../src/webhooks/receive.ts';

const secret = 'webhook-secret';

const envelope = {
  type: 'payment.updated',
  payload: {
    id: 'b0000000-0000-4000-8000-000000000001',
    intent_id: null,
    status: 'ACCEPTED_BY_BANK',
    amount: 16.5,
    payment_destination_id: destinations.pays,
  },
  message: 'hello',
  timestamp: '2026-03-01T00:00:00.123456789Z',
  event_id: 'e0000000-0000-4000-8000-000000000001',
};

/** A receiver that notes what was announced. */
function receiving() {
  const seen = new Set<string>();
  const announced: AnnouncedPayout[] = [];
  const receiver = new WebhookReceiver({
    secrets: [secret],
    events: {
      receive: (events: readonly ReceivedEvent[]) => {
        const fresh = events.filter(({ eventId }) => !seen.has(eventId));
        for (const { eventId } of fresh) seen.add(eventId);
        return Promise.resolve(fresh.length);
      },
    },
    onTaken: payout => announced.push(payout),
  });
  const receive = (body: object, by = secret) => {
    const bytes = Buffer.from(JSON.stringify(body));
    return receiver.receive(bytes, `sha512=${createHmac('sha512', by).update(bytes).digest('hex')}`);
  };
  return { announced, receive };
}

describe('a webhook', () => {
  it('that is taken tells the amount, the destination and the intent of its payout', async () => {
    const { announced, receive } = receiving();
    expect(await receive(envelope)).toBe('taken');
    expect(announced).toEqual([{ amount: '16.5', destinationId: destinations.pays, intentId: null }]);
  });

  it('that names an intent tells it', async () => {
    const { announced, receive } = receiving();
    const payload = { ...envelope.payload, intent_id: 'e0000000-0000-4000-8000-000000000001' };
    await receive({ ...envelope, payload });
    expect(announced).toMatchObject([{ intentId: 'e0000000-0000-4000-8000-000000000001' }]);
  });

  it('that comes a second time tells nothing', async () => {
    const { announced, receive } = receiving();
    await receive(envelope);
    expect(await receive(envelope)).toBe('seen');
    expect(announced).toHaveLength(1);
  });

  it.each([
    ['that nobody who knows the secret has signed', envelope, 'another-secret', 'unsigned'],
    ['that is of no payment', { ...envelope, type: 'entity.created' }, secret, 'ignored'],
  ])('%s tells nothing', async (_what, body, by, delivery) => {
    const { announced, receive } = receiving();
    expect(await receive(body, by)).toBe(delivery);
    expect(announced).toEqual([]);
  });
});
