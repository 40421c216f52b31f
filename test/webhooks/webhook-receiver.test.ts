import { describe, expect, it } from 'vitest';
import type { ReceivedEvent } from '../../src/payouts/payout-update.ts';
import { destinations } from '../../src/sandbox/fixtures.ts';
import type { AnnouncedPayout } from '../../src/payouts/creation/payout-records.ts';
import { WebhookReceiver } from '../../src/webhooks/webhook-receiver.ts';
import { signatureOf } from '../support/webhook-signature.ts';

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

/** A receiver, and the payloads of the new events. */
function createReceiver() {
  const receivedIds = new Set<string>();
  const payloads: AnnouncedPayout[] = [];
  const receiver = new WebhookReceiver({
    secrets: [secret],
    events: {
      receive: (events: readonly ReceivedEvent[]) => {
        const unseen = events.filter(({ eventId }) => !receivedIds.has(eventId));
        for (const { eventId } of unseen) receivedIds.add(eventId);
        return Promise.resolve(unseen.length);
      },
    },
    onReceived: payout => payloads.push(payout),
  });
  const receive = (body: object, signingSecret = secret) => {
    const bytes = Buffer.from(JSON.stringify(body));
    return receiver.receive(bytes, signatureOf(bytes, signingSecret));
  };
  return { payloads, receive };
}

describe('a webhook', () => {
  it('that is new reports the amount, the destination and the intent of its payout', async () => {
    const { payloads, receive } = createReceiver();
    expect(await receive(envelope)).toBe('stored');
    expect(payloads).toEqual([{ amount: '16.5', destinationId: destinations.pays, intentId: null }]);
  });

  it('with an intent reports the intent', async () => {
    const { payloads, receive } = createReceiver();
    const payload = { ...envelope.payload, intent_id: 'e0000000-0000-4000-8000-000000000001' };
    await receive({ ...envelope, payload });
    expect(payloads).toMatchObject([{ intentId: 'e0000000-0000-4000-8000-000000000001' }]);
  });

  it('that is repeated reports nothing', async () => {
    const { payloads, receive } = createReceiver();
    await receive(envelope);
    expect(await receive(envelope)).toBe('duplicate');
    expect(payloads).toHaveLength(1);
  });

  it.each([
    ['that is signed with another secret', envelope, 'another-secret', 'unsigned'],
    ['that is not about a payment', { ...envelope, type: 'entity.created' }, secret, 'ignored'],
  ])('%s reports nothing', async (_description, body, signingSecret, result) => {
    const { payloads, receive } = createReceiver();
    expect(await receive(body, signingSecret)).toBe(result);
    expect(payloads).toEqual([]);
  });
});
