import { describe, expect, it } from 'vitest';
import { examplePayoutId } from '../../../src/sandbox/named.ts';
import { startTestGateway, type TestGateway } from '../../support/test-gateway.ts';

/** Every name that an object has without having been given it. */
const names = Object.getOwnPropertyNames(Object.prototype);

/** The answers to an operation: the first times, and once it has been asked for often. */
async function answersTo(gateway: TestGateway, query: string, variables = '{}'): Promise<readonly string[]> {
  const answers: string[] = [];
  for (let time = 0; time < 5; time += 1) {
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"query":${JSON.stringify(query)},"variables":${variables}}`,
    });
    answers.push(await response.text());
  }
  return answers;
}

describe('a name that every object has', () => {
  it('is an alias like any other, however often it is asked for', async () => {
    const gateway = await startTestGateway({ hotAfter: 2 });
    const aliases = names.map(name => `${name}: legalName`).join(' ');
    const query = `{ payoutByPayment(paymentId: "${examplePayoutId}") { recipient { legalName ${aliases} } } }`;
    const [first = '', ...more] = await answersTo(gateway, query);
    expect(new Set(more)).toEqual(new Set([first]));
    const { data } = JSON.parse(first) as { data: { payoutByPayment: { recipient: { legalName: string } } } };
    const { recipient } = data.payoutByPayment;
    for (const name of names)
      expect(Object.getOwnPropertyDescriptor(recipient, name)?.value, name).toBe(recipient.legalName);
  });

  it('is a variable like any other, however often it is sent, but for one that is refused by name', async () => {
    const gateway = await startTestGateway({ hotAfter: 2 });
    for (const name of names) {
      const query = `query ${name}($${name}: ID!) { payoutByPayment(paymentId: $${name}) { paymentId } }`;
      const [first = '', ...more] = await answersTo(gateway, query, `{"${name}":"${examplePayoutId}"}`);
      expect(new Set(more)).toEqual(new Set([first]));
      if (name === '__proto__')
        expect(JSON.parse(first)).toMatchObject({
          errors: [{ message: 'A variable cannot be called "__proto__"; give it another name.' }],
        });
      else expect(JSON.parse(first)).toEqual({ data: { payoutByPayment: { paymentId: examplePayoutId } } });
    }
  });
});
