import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examplePayoutId } from '../../../src/sandbox/named.ts';
import { hostileDocuments, type Hostile } from '../../support/hostile-documents.ts';
import { startListeningGateway, type ListeningGateway } from '../../support/running-gateway.ts';

const documents = hostileDocuments();

/** CPU time that refusing one request may take: a client that sends nothing else keeps no core busy by twenty a second. */
const mostMs = 50;

describe.each(['off', 'on'])('with introspection %s, a hostile request', introspection => {
  let gateway: ListeningGateway;

  async function send(body: string | Uint8Array<ArrayBuffer>): Promise<{ status: number; text: string }> {
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body,
    });
    return { status: response.status, text: await response.text() };
  }

  async function sendWithoutPort(body: string | Uint8Array<ArrayBuffer>): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const response = await gateway.graphql.fetch('http://gateway/graphql', { method: 'POST', headers, body });
    await response.text();
  }

  async function expectOrdinaryService(): Promise<void> {
    const before = gateway.lean.requests.length;
    const answer = await send(
      JSON.stringify({ query: `{ payoutByPayment(paymentId: "${examplePayoutId}") { paymentId } }` }),
    );
    expect(answer).toEqual({
      status: 200,
      text: JSON.stringify({ data: { payoutByPayment: { paymentId: examplePayoutId } } }),
    });
    expect(gateway.lean.requests).toHaveLength(before + 1);
  }

  /** What of this process's CPU time passes until a request is answered. */
  async function cpuMs({ body }: Hostile, salt: string): Promise<number> {
    const request = body(salt);
    // Long ones all take the road that needs no port: there it is without what sending it costs, which is as much again.
    const work = request.length > 16 * 1024 ? sendWithoutPort : send;
    const before = process.cpuUsage();
    await work(request);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  }

  beforeAll(async () => {
    gateway = await startListeningGateway({ env: { INTROSPECTION: introspection } });
    for (const { body } of documents) await send(body('warm-up'));
  });
  afterAll(() => gateway.close());

  it('comes in a hundred ways and more', () => {
    expect(new Set(documents.map(({ what }) => what)).size).toBe(documents.length);
    expect(documents.length).toBeGreaterThan(100);
  });

  it.each(documents.map(document => [document.what, document] as const))(
    'is refused in few words and little time: %s',
    async (_what, document) => {
      const before = gateway.lean.requests.length;
      const body = document.body('first');
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(64 * 1024);
      const { status, text } = await send(body);
      const { errors, ...rest } = JSON.parse(text) as { errors: { message: string; extensions: object }[] };
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(rest).toEqual({});
      expect(errors.length).toBeGreaterThan(0);
      for (const { extensions } of errors)
        expect(extensions).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/) as string });
      expect(text.length).toBeLessThan(16 * 1024);

      // Others have the machine as well, at times for a second: what it takes at best is what it takes.
      let best = Infinity;
      for (let time = 1; time <= 25 && best >= mostMs; time += 1)
        best = Math.min(best, await cpuMs(document, String(time)));
      expect(best).toBeLessThan(mostMs);
      expect(gateway.lean.requests).toHaveLength(before);
    },
  );

  it('is no burden to others: all at once, and an ordinary query is answered after them', async () => {
    await Promise.all(documents.map(({ body }) => send(body('crowd'))));
    await expectOrdinaryService();
  });

  it('of one kind after another leaves an ordinary query answered after each', async () => {
    for (const { body } of documents) {
      await send(body('one by one'));
      await expectOrdinaryService();
    }
  });
});
