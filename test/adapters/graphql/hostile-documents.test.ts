import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examplePayoutId } from '../../../src/sandbox/fixtures.ts';
import { hostileRequests, type HostileRequest } from '../../support/hostile-requests.ts';
import { startListeningGateway, type ListeningGateway } from '../../support/running-gateway.ts';

const hostile = hostileRequests();

/** The most CPU time for the refusal of one request, in ms. With it, 20 requests a second do not use up a core. */
const maxCpuMs = 50;

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

  async function executeInProcess(body: string | Uint8Array<ArrayBuffer>): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const response = await gateway.graphql.fetch('http://gateway/graphql', { method: 'POST', headers, body });
    await response.text();
  }

  async function expectQueryToWork(): Promise<void> {
    const before = gateway.lean.requests.length;
    const response = await send(
      JSON.stringify({ query: `{ payoutByPayment(paymentId: "${examplePayoutId}") { paymentId } }` }),
    );
    expect(response).toEqual({
      status: 200,
      text: JSON.stringify({ data: { payoutByPayment: { paymentId: examplePayoutId } } }),
    });
    expect(gateway.lean.requests).toHaveLength(before + 1);
  }

  /** CPU time of this process until the request is answered, in ms. */
  async function cpuMs({ body }: HostileRequest, salt: string): Promise<number> {
    const request = body(salt);
    // Long requests are executed without HTTP, because sending them costs as much CPU time as refusing them.
    const run = request.length > 16 * 1024 ? executeInProcess : send;
    const before = process.cpuUsage();
    await run(request);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  }

  beforeAll(async () => {
    gateway = await startListeningGateway({ env: { INTROSPECTION: introspection } });
    for (const { body } of hostile) await send(body('warm-up'));
  });
  afterAll(() => gateway.close());

  it('has more than a hundred variants', () => {
    expect(new Set(hostile.map(({ name }) => name)).size).toBe(hostile.length);
    expect(hostile.length).toBeGreaterThan(100);
  });

  it.each(hostile.map(request => [request.name, request] as const))(
    'is refused with a short response and little CPU time: %s',
    async (_name, request) => {
      const before = gateway.lean.requests.length;
      const body = request.body('first');
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

      // Other processes share the machine, so the shortest of several runs counts.
      let best = Infinity;
      for (let time = 1; time <= 25 && best >= maxCpuMs; time += 1)
        best = Math.min(best, await cpuMs(request, String(time)));
      expect(best).toBeLessThan(maxCpuMs);
      expect(gateway.lean.requests).toHaveLength(before);
    },
  );

  it('does not prevent an ordinary query, when all variants are sent at once', async () => {
    await Promise.all(hostile.map(({ body }) => send(body('crowd'))));
    await expectQueryToWork();
  });

  it('does not prevent an ordinary query, when the variants are sent one after another', async () => {
    for (const { body } of hostile) {
      await send(body('one by one'));
      await expectQueryToWork();
    }
  });
});
