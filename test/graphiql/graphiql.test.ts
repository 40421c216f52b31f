import { gunzipSync } from 'node:zlib';
import { request as httpRequest } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { graphiqlPage } from '../../src/adapters/graphiql/page.ts';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { accounts, destinations, exampleIntentId } from '../../src/sandbox/fixtures.ts';
import { startBrowser } from '../support/browser.ts';
import { startListeningGateway, type ListeningGateway } from '../support/running-gateway.ts';

describe('GraphiQL in a browser', () => {
  let gateway: ListeningGateway;
  let browser: Browser;
  beforeAll(async () => {
    [gateway, browser] = await Promise.all([
      startListeningGateway({
        env: { GRAPHIQL: 'on', INTROSPECTION: 'on', LEAN_WEBHOOK_SECRET: 'webhook-secret' },
        examples: {
          payoutId: payoutIdOf(exampleIntentId),
          accountId: accounts.operating,
          destinationId: destinations.pays,
          currency: 'AED',
        },
      }),
      startBrowser(),
    ]);
  });
  beforeAll(() => {
    gateway.lean.webhooks.target = { url: `${gateway.origin}/webhooks/lean`, secret: 'webhook-secret' };
  });
  afterAll(async () => {
    await browser.close();
    await gateway.close();
  });

  /** Opens GraphiQL in a fresh browser profile, and records console messages, errors and requested origins. */
  async function open() {
    return watch(await browser.newPage({ viewport: { width: 1440, height: 900 } }));
  }

  /** Opens GraphiQL in a page, and records the same. */
  async function watch(page: Page) {
    page.setDefaultTimeout(60_000);
    onTestFinished(() => page.close());
    const problems: string[] = [];
    const hosts = new Set<string>();
    page.on('console', message => {
      if (message.type() !== 'log') problems.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', error => problems.push(String(error)));
    page.on('requestfailed', request => problems.push(`failed: ${request.url()}`));
    page.on('request', request => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== 'data:') hosts.add(origin);
    });
    await page.goto(gateway.url);
    await page.locator('.graphiql-execute-button').waitFor();
    return { page, problems, hosts };
  }

  /** Runs the operation of a tab. Resolves with the gateway's response once the page shows it. */
  async function runTab(
    page: Page,
    name: string,
  ): Promise<{ data?: Record<string, unknown>; errors?: unknown }> {
    await page.locator('.graphiql-tab-button', { hasText: new RegExp(`^${name}$`) }).click();
    // Waits until the editor shows the operation of the tab, because GraphiQL runs what the editor shows.
    await page
      .locator('.graphiql-query-editor', { hasText: new RegExp(`(?:query|mutation)\\s${name}\\b`) })
      .waitFor();
    const operation = new RegExp(`(?:query|mutation) ${name}\\b`);
    // The button is found by its name, because during a request the same button stops the request. It is clicked
    // again if needed, because just after a change of tabs GraphiQL may still run the operation of the former tab.
    const result = await vi.waitFor(
      async () => {
        const nextResponse = page.waitForResponse(
          response => operation.test(response.request().postData() ?? ''),
          { timeout: 2000 },
        );
        const [response] = await Promise.all([
          nextResponse,
          page.getByRole('button', { name: /^Execute query/ }).click(),
        ]);
        return (await response.json()) as { data?: Record<string, unknown>; errors?: unknown };
      },
      { timeout: 20_000, interval: 100 },
    );
    await page.locator('.result-window', { hasText: Object.keys(result.data ?? {})[0] ?? 'data' }).waitFor();
    return result;
  }

  it('sends requests only to the gateway, logs no errors, and shows a tab for each example', async () => {
    const { page, problems, hosts } = await open();
    const tabs = await page.locator('.graphiql-tab-button').allInnerTexts();
    expect(tabs.map(text => text.trim())).toEqual([
      'Payouts',
      'PayoutInFull',
      'CreatePayout',
      'PayoutUpdates',
      'NewestPayout',
    ]);
    await runTab(page, 'Payouts');
    expect(problems).toEqual([]);
    expect([...hosts]).toEqual([gateway.origin]);
  });

  it('runs the example of each tab unchanged', async () => {
    const { page, problems } = await open();
    const list = await runTab(page, 'Payouts');
    expect(list.errors).toBeUndefined();
    expect((list.data?.['payouts'] as { nodes: unknown[] }).nodes).toHaveLength(10);
    await saveScreenshot(page);
    expect(await runTab(page, 'PayoutInFull')).toMatchObject({
      data: { payout: { id: payoutIdOf(exampleIntentId), outcome: 'PAID' } },
    });
    expect(await runTab(page, 'CreatePayout')).toMatchObject({
      data: { createPayout: { __typename: 'PayoutCreated', amount: { currency: 'AED' } } },
    });
    expect(gateway.lean.payouts.all()[0]).toMatchObject({ description: 'INV 001' });
    const newest = await runTab(page, 'NewestPayout');
    expect(newest.errors).toBeUndefined();
    expect((newest.data?.['payouts'] as { nodes: unknown[] }).nodes).toHaveLength(1);
    expect(problems).toEqual([]);
  });

  const stopButton = (page: Page) => page.getByRole('button', { name: /^Stop query/ });

  async function subscribers(): Promise<string | undefined> {
    const text = await (await fetch(`${gateway.origin}/metrics`)).text();
    return /^lean_payouts_subscribers (\d+)$/m.exec(text)?.[1];
  }

  /** Runs the subscription, and waits until the gateway has it. */
  async function subscribe(page: Page): Promise<void> {
    await page.locator('.graphiql-tab-button', { hasText: /^PayoutUpdates$/ }).click();
    await page.locator('.graphiql-query-editor', { hasText: /subscription\sPayoutUpdates/ }).waitFor();
    const stop = stopButton(page);
    await vi.waitFor(
      async () => {
        // If the stop button is visible, the subscription runs, but may not have reached the gateway yet.
        if (!(await stop.isVisible()))
          await page.getByRole('button', { name: /^Execute query/ }).click({ timeout: 1000 });
        await stop.waitFor({ timeout: 2000 });
        expect(await subscribers()).toBe('1');
      },
      { timeout: 20_000, interval: 100 },
    );
  }

  it('shows updates of a payout as they happen', async () => {
    const { page, problems } = await open();
    await subscribe(page);
    const { paymentId = '' } = gateway.lean.payouts.add({ status: 'PENDING_WITH_BANK' });
    const results = page.locator('.result-window');
    await results.filter({ hasText: 'PENDING_WITH_BANK' }).waitFor();
    gateway.lean.payouts.change(paymentId ?? '', { status: 'ACCEPTED_BY_BANK' });
    await results.filter({ hasText: 'ACCEPTED_BY_BANK' }).waitFor();
    gateway.lean.payouts.change(paymentId ?? '', { postInitiationStatus: 'PROCESSED' });
    await results.filter({ hasText: '"PAID"' }).waitFor();
    await saveScreenshot(page, 'GRAPHIQL_LIVE_SCREENSHOT');
    await stopButton(page).click();
    expect(problems.filter(problem => !problem.startsWith('failed:'))).toEqual([]);
  });

  it('shows the update of a payout that a second window creates, and ends the subscription with a change of its tab', async () => {
    const { page } = await open();
    await page.locator('.graphiql-tab-button', { hasText: /^PayoutUpdates$/ }).click();
    await page.locator('.graphiql-query-editor', { hasText: /in\sa\ssecond\sbrowser\swindow/ }).waitFor();
    await subscribe(page);
    // The windows of one browser share GraphiQL's tabs.
    const second = await watch(await browser.newPage({ storageState: await page.context().storageState() }));
    // Another test may have used the key of the example already.
    await second.page.route(gateway.url, route => {
      const body = route.request().postData();
      return route.continue(
        body === null ? {} : { postData: body.replace('my-first-payout', 'second-window') },
      );
    });
    const created = await runTab(second.page, 'CreatePayout');
    const { payoutId = '' } = created.data?.['createPayout'] as { readonly payoutId?: string };
    await page.locator('.result-window', { hasText: payoutId }).waitFor();
    await page.locator('.graphiql-tab-button', { hasText: /^CreatePayout$/ }).click();
    await vi.waitFor(async () => {
      expect(await subscribers()).toBe('0');
    }, 20_000);
  });

  it('shows the descriptions of the schema', async () => {
    const { page, problems } = await open();
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    const explorer = page.locator('.graphiql-doc-explorer');
    await explorer.getByRole('link', { name: 'Query', exact: true }).click();
    await explorer.getByText('One payout; null if Lean does not know it').waitFor();
    await explorer.getByRole('link', { name: 'Payout', exact: true }).first().click();
    await explorer
      .getByText('The request behind the payout: external reference, destination, customer.')
      .waitFor();
    expect(problems).toEqual([]);
  });

  async function saveScreenshot(page: Page, variable = 'GRAPHIQL_SCREENSHOT'): Promise<void> {
    const path = process.env[variable];
    if (path !== undefined) await page.screenshot({ path });
  }
});

describe('the GraphiQL page', () => {
  const browserHeaders = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

  async function start(graphiql: 'on' | 'off') {
    const gateway = await startListeningGateway({ env: { GRAPHIQL: graphiql } });
    onTestFinished(() => gateway.close());
    return gateway;
  }

  it('is rendered again after a failure', async () => {
    let failures = 1;
    const page = graphiqlPage({
      get payoutId(): string {
        if (failures > 0) {
          failures -= 1;
          throw new Error('cannot be rendered');
        }
        return payoutIdOf(exampleIntentId);
      },
      accountId: accounts.operating,
      destinationId: destinations.pays,
      currency: 'AED',
    });
    await expect(page.gzipped()).rejects.toThrow('cannot be rendered');
    expect(gunzipSync(await page.gzipped()).toString()).toContain('<html');
  });

  it('is not served with GRAPHIQL=off', async () => {
    const { url, origin } = await start('off');
    for (const address of [url, `${origin}/`, `${origin}/graphiql`]) {
      const response = await fetch(address, { headers: browserHeaders });
      expect(response.headers.get('content-type')).not.toContain('html');
      expect(await response.text()).not.toContain('<html');
    }
  });

  it('is served to browsers as one compressed document, which may load nothing else', async () => {
    const { url } = await start('on');
    const { headers, body } = await new Promise<{ headers: object; body: Buffer }>((resolve, reject) => {
      httpRequest(url, { headers: browserHeaders }, response => {
        response.toArray().then(chunks => {
          resolve({ headers: response.headers, body: Buffer.concat(chunks as Buffer[]) });
        }, reject);
      })
        .on('error', reject)
        .end();
    });
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-encoding': 'gzip',
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; .*connect-src 'self'; .*frame-ancestors 'none'$/,
      ) as string,
      'x-content-type-options': 'nosniff',
    });
    expect(gunzipSync(body).toString()).not.toMatch(/<(?:script|link|img)[^>]+(?:src|href)="https?:/);
  });

  it('is not served to clients that accept only JSON', async () => {
    const { url } = await start('on');
    const response = await fetch(`${url}?query={__typename}`, { headers: { accept: 'application/json' } });
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });
});
