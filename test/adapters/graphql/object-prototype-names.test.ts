import { describe, expect, it } from 'vitest';
import { examplePayoutId } from '../../../src/sandbox/fixtures.ts';
import { startTestGateway, type TestGateway } from '../../support/test-gateway.ts';

/** The names of the properties that every JavaScript object inherits. */
const names = Object.getOwnPropertyNames(Object.prototype);

/** Sends an operation five times, so that the last responses come from the fast path. */
async function responsesTo(
  gateway: TestGateway,
  query: string,
  variables = '{}',
): Promise<readonly string[]> {
  const responses: string[] = [];
  for (let time = 0; time < 5; time += 1) {
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"query":${JSON.stringify(query)},"variables":${variables}}`,
    });
    responses.push(await response.text());
  }
  return responses;
}

describe('a name of Object.prototype', () => {
  it('works as an alias, on and off the fast path', async () => {
    const gateway = await startTestGateway({ hotAfter: 2 });
    const aliases = names.map(name => `${name}: legalName`).join(' ');
    const query = `{ payoutByPayment(paymentId: "${examplePayoutId}") { recipient { legalName ${aliases} } } }`;
    const [first = '', ...more] = await responsesTo(gateway, query);
    expect(new Set(more)).toEqual(new Set([first]));
    const { data } = JSON.parse(first) as { data: { payoutByPayment: { recipient: { legalName: string } } } };
    const { recipient } = data.payoutByPayment;
    for (const name of names)
      expect(Object.getOwnPropertyDescriptor(recipient, name)?.value, name).toBe(recipient.legalName);
  });

  it('works as a variable, on and off the fast path, except for __proto__, which is refused', async () => {
    const gateway = await startTestGateway({ hotAfter: 2 });
    for (const name of names) {
      const query = `query ${name}($${name}: ID!) { payoutByPayment(paymentId: $${name}) { paymentId } }`;
      const [first = '', ...more] = await responsesTo(gateway, query, `{"${name}":"${examplePayoutId}"}`);
      expect(new Set(more)).toEqual(new Set([first]));
      if (name === '__proto__')
        expect(JSON.parse(first)).toMatchObject({
          errors: [{ message: 'A variable cannot be called "__proto__"; give it another name.' }],
        });
      else expect(JSON.parse(first)).toEqual({ data: { payoutByPayment: { paymentId: examplePayoutId } } });
    }
  });
});
