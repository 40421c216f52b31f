import { createServer } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { destinations } from '../../../src/sandbox/fixtures.ts';
import { FakeLean } from '../../support/fake-lean.ts';
import { listening } from '../../support/started-server.ts';
import { freshStore, openTestStore } from '../../support/stores.ts';
import { createTestCore } from '../../support/test-core.ts';

const minute = 60_000;

it('an answer about another intent proves nothing about a payout of unknown outcome', async () => {
  const clock = { ms: Date.now() };
  const now = (): number => clock.ms;
  const lean = new FakeLean(now);
  const intentOf = (reference: string): string | undefined =>
    lean.payouts.find(payout => payout.reference === reference)?.intentId;
  let misrouted = 0;
  // Once, a proxy before Lean answers the read of our intent with the intent of somebody else.
  const server = createServer((request, response) => {
    if (misrouted === 0 && request.url === `/payouts/v1/intents/${String(intentOf('order-1'))}`) {
      misrouted += 1;
      request.url = `/payouts/v1/intents/${String(intentOf('rent'))}`;
    }
    lean.listener(request, response);
  });
  const url = await listening(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const store = openTestStore(await freshStore('SQLite'), { clock: now });
  const core = createTestCore(url, store, { now });
  await core.client.listPayouts({ page_number: '0', page_size: '1' });
  lean.add({
    amount: '7',
    currency: 'AED',
    description: 'RENT',
    reference: 'rent',
    destinationId: destinations.staysPending,
  });
  lean.creationFaults = ['lost after Lean accepted it'];
  expect((await core.create('order-1')).kind).toBe('unknown');
  // Longer than the resend delay, after which a payout that is certainly absent is sent again.
  clock.ms += 12 * minute;
  expect((await core.create('order-1')).kind).toBe('unknown');
  expect(misrouted).toBe(1);
  clock.ms += minute;
  expect((await core.create('order-1')).kind).toBe('created');
  expect(lean.payouts.filter(({ key }) => key === 'order-1')).toHaveLength(1);
});
