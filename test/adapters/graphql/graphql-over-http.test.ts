import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startListeningGateway, type ListeningGateway } from '../../support/running-gateway.ts';

/** Audits that query `__type`, which is refused with introspection off. */
const introspectingAudits = ['2EA1', '28B9', 'D6D5', '6A70'];

describe.each(['on', 'off'])('with introspection %s, GraphQL over HTTP', introspection => {
  let gateway: ListeningGateway;
  beforeAll(async () => {
    gateway = await startListeningGateway({ env: { INTROSPECTION: introspection } });
  });
  afterAll(() => gateway.close());

  const audits = serverAudits({ url: () => gateway.url, fetchFn: fetch }).filter(
    ({ id }) => introspection === 'on' || !introspectingAudits.includes(id),
  );

  it('runs more than 50 audits', () => {
    expect(audits.length).toBeGreaterThan(50);
  });

  it.each(audits.map(audit => [audit.name, audit.id, audit.fn] as const))(
    '%s (%s)',
    async (name, id, audit) => {
      expect(await audit()).toEqual({ id, name, status: 'ok' });
    },
  );
});
