import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../src/sandbox/settings.ts';

describe('the webhook settings', () => {
  const url = 'https://gateway.test/webhooks/lean';

  it('consist of an address and a secret', () => {
    expect(parseSettings({ SANDBOX_WEBHOOK_URL: url, SANDBOX_WEBHOOK_SECRET: 'any' })).toMatchObject({
      webhook: { url, secret: 'any' },
    });
  });

  it('may be omitted', () => {
    const empty = { SANDBOX_WEBHOOK_URL: '', SANDBOX_WEBHOOK_SECRET: '' };
    for (const environment of [{}, empty]) expect(parseSettings(environment)).not.toHaveProperty('webhook');
  });

  it.each([
    [{ SANDBOX_WEBHOOK_URL: url }, 'SANDBOX_WEBHOOK_SECRET: is not set; SANDBOX_WEBHOOK_URL needs it.'],
    [{ SANDBOX_WEBHOOK_SECRET: 'any' }, 'SANDBOX_WEBHOOK_URL: is not set; SANDBOX_WEBHOOK_SECRET needs it.'],
    [
      { SANDBOX_WEBHOOK_URL: 'ftp://here', SANDBOX_WEBHOOK_SECRET: 'any' },
      'SANDBOX_WEBHOOK_URL: "ftp://here" is not accepted; accepted: an http or https URL.',
    ],
  ])('cannot be %j', (environment, problem) => {
    expect(parseSettings(environment)).toEqual([problem]);
  });
});
