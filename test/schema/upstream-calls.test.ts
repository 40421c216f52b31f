import { beforeEach, describe, expect, it } from 'vitest';
import { examplePayoutId, exampleIntentId } from '../../src/sandbox/named.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

describe('an operation costs Lean', () => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await startTestGateway();
  });

  it('one call for any own field of a payout', async () => {
    const { data, errors } = await gateway.run(
      `query ($id: ID!) { payout(id: $id) {
        id paymentId intentId amount { amount currency } description status leanStatus outcome postInitiationStatus
        granularStatusCode statusDetails recipient { name accountNumber iban bankName } sender { name accountNumber iban }
        paymentSourceId bankTransactionReference autoAuthorized pendingManualAuthorization
        createdAt updatedAt submittedAt initiatedAt
      } }`,
      { id: examplePayoutId },
    );
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({ payout: { id: examplePayoutId, intentId: exampleIntentId, outcome: 'PAID' } });
    expect(gateway.received()).toEqual({ getPayout: 1 });
  });
});
